package house

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A discipline is what the code of a folder does without. Nobody's code reads a clock or draws from
// a source of chance that has no seed, but for commands and benchmarks, which are not listed.
type discipline struct {
	sequential bool // no goroutine, channel or lock
	closed     bool // no file, net, log or process
	exact      bool // no float outside functions that are marked "// float-free: "
}

var (
	pure       = discipline{sequential: true, closed: true, exact: true}
	inexact    = discipline{sequential: true, closed: true}
	sequential = discipline{sequential: true}
	timeless   = discipline{}
	function   = discipline{sequential: true, exact: true}
)

// disciplines has all folders but those with commands, benchmarks, examples and tests.
var disciplines = map[string]discipline{
	"scheduler": pure, "reconciler": pure, "pool": pure, "lifecycle": pure, "explain": pure,
	"fork": pure, "history": pure, "shadow": pure,
	"plan":     inexact,
	"journal":  sequential,
	"replay":   sequential,
	"forecast": timeless,

	"dispatcher/access": timeless, "dispatcher/swarming": timeless,
	"dispatcher/forecasts": timeless,

	"worker/lease": pure, "worker/record": sequential,
	"dispatcher/state":         function, // its snapshot is read and written
	"dispatcher/internal/wire": pure,

	"simulator":                 inexact,
	"simulator/generate":        inexact,
	"simulator/trace":           sequential,
	"simulator/recorded":        inexact,
	"simulator/tune":            inexact,
	"simulator/experiment":      timeless,
	"simulator/internal/draft":  inexact,
	"simulator/internal/gunzip": sequential,
	"simulator/internal/report": timeless,
	"simulator/internal/swf":    sequential,

	"internal/check": pure, "internal/expiry": pure, "internal/invariants": pure,
	"internal/minheap": pure, "internal/orderedlist": pure, "internal/reference": pure,
	"internal/slotset": pure, "internal/touches": pure,
	"internal/words": inexact,
	"internal/field": pure, "internal/nearest": pure, "internal/yamltree": timeless,
}

// free are folders that may do what they want.
var free = map[string]bool{
	"dispatcher/chaos": true, "dispatcher/eventlog": true, "dispatcher/journals": true, "dispatcher/log/logtest": true, "dispatcher/log/peers": true, "dispatcher/log/raftlog": true,
	"protos": true, "protos/dispatch": true, "protos/replica": true,
	"protos/dispatch/dispatchconnect": true, "protos/replica/replicaconnect": true,
	"dispatcher/api": true, "dispatcher/metrics": true, "dispatcher/node": true,
	"dispatcher": true, "dispatcher/log": true, "dispatcher/client": true, "dispatcher/demo": true,
	"dispatcher/certs": true, "dispatcher/qsched": true,
	"benchmarks": true, "benchmarks/table": true, "benchmarks/dispatcher": true, "examples/dispatcher": true,
	"examples/experiments": true, "simulator/experiment/schemagen": true, "simulator/qsim": true,
	"simulator/tuning": true,
	"internal/cli":     true, "dispatcher/internal/durable": true, "dispatcher/internal/failpoint": true, "dispatcher/internal/strangers": true,
	"internal/freeport": true, "internal/house": true, "internal/plain": true, "internal/promises": true,
	"internal/recording": true,
	"internal/scramble":  true, "internal/script": true,

	"worker": true, "worker/boottime": true, "worker/shim": true,
}

var (
	impurePackages = map[string]bool{"crypto/rand": true, "math/rand": true}
	ioPackages     = map[string]bool{
		"io": true, "io/fs": true, "log": true, "log/slog": true, "net": true, "net/http": true,
		"os": true, "os/exec": true, "syscall": true,
	}
	lockPackages = map[string]bool{"sync": true, "sync/atomic": true}

	// clockFunctions are functions of package time that read a clock or wait.
	clockFunctions = map[string]bool{
		"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true,
		"Tick": true, "NewTimer": true, "NewTicker": true,
	}
	// seededNames are the names of math/rand/v2 that draw from a seed.
	seededNames = map[string]bool{"New": true, "NewPCG": true, "PCG": true, "Rand": true,
		"Source": true}
)

func TestFoldersKeepTheirDiscipline(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range sources(t) {
		if s.isTest() || free[s.dir] {
			continue
		}
		d, known := disciplines[s.dir]
		if !known && !seen[s.dir] {
			t.Errorf("%s: say in disciplines what package %s does without", s.path, s.dir)
		}
		if seen[s.dir] = true; known {
			d.checkImports(t, s)
			d.checkCode(t, s)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(disciplines)) {
		if !seen[dir] {
			t.Errorf("disciplines has %s, and there is no such package", dir)
		}
	}
}

func (d discipline) checkImports(t *testing.T, s *source) {
	for _, spec := range s.file.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		if impurePackages[path] || d.sequential && lockPackages[path] || d.closed && ioPackages[path] ||
			d.exact && path == "math/rand/v2" {
			t.Errorf("%s imports %s", s.path, path)
		}
	}
}

func (d discipline) checkCode(t *testing.T, s *source) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt, *ast.ChanType, *ast.SelectStmt, *ast.SendStmt:
			if d.sequential {
				t.Errorf("%s: a goroutine or channel", s.at(n))
			}
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && x.Name == "time" && clockFunctions[n.Sel.Name] ||
				ok && x.Name == "rand" && x.Obj == nil && !seededNames[n.Sel.Name] {
				t.Errorf("%s: %s.%s", s.at(n), x.Name, n.Sel.Name)
			}
		case *ast.FuncDecl:
			// Such a function is a door from people's numbers to exact ones.
			return !d.exact || !strings.Contains(s.line(n), "// float-free: ")
		case *ast.Ident:
			if d.exact && (n.Name == "float32" || n.Name == "float64") {
				t.Errorf("%s: a float, in no function marked // float-free:", s.at(n))
			}
		}
		return true
	})
}
