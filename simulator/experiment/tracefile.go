package experiment

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
)

// traceFinder knows where the file of a trace may be.
type traceFinder struct {
	// override, if it is not empty, takes the place of what the experiment says.
	override string
	// folders are tried, in order, for a relative path; the first one is the experiment's own.
	folders []string
	// hint is a sentence for the error that says how else a user can name the place.
	hint string
	// strict stops at the first malformed line of a log, whatever the experiment says.
	strict bool
	// stdin opens standard input; nil if no log may be read from it.
	stdin func() (io.ReadCloser, error)
}

// stdinName is the log on standard input.
const stdinName = "-"

// archive says where logs are from.
const archive = "logs in the Standard Workload Format are in the Parallel Workloads Archive " +
	"(https://www.cs.huji.ac.il/labs/parallel/workload/)"

// findTrace returns the path at which the file of a trace is. The error is of package field.
func (p *traceFinder) findTrace(file string) (string, error) {
	if p.override != "" {
		file = p.override
	}
	if file == stdinName && p.stdin != nil {
		return file, nil
	}
	path, err := p.find(file, p.override != "")
	return path, field.In("trace", field.In("file", err))
}

// find returns the path at which a file is: as it is if exact is set, or else in the first folder
// that has it. The error names all places where it is not.
func (p *traceFinder) find(file string, exact bool) (string, error) {
	var tried []string
	switch {
	case exact, filepath.IsAbs(file):
		tried = []string{file}
	default:
		for _, folder := range p.folders {
			tried = append(tried, filepath.Join(folder, file))
		}
	}
	for _, path := range tried {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	hint := archive
	if p.hint != "" {
		hint = p.hint + "; " + archive
	}
	return "", fmt.Errorf("there is no file %s; %s", strings.Join(tried, ", nor "), hint)
}
