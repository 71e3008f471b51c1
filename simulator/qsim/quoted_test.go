package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// quoted are outputs in a document that a comment before them names the command of; the reader
// does not see the comment.
var quoted = regexp.MustCompile("(?s)<!-- output of: ([^\n]*) -->\n```\n(.*?)```\n")

// What documents quote of the program's output is what it prints; -rewrite writes that. Commands run
// in a folder where examples/ is.
func TestQuotedOutputs(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash to run the commands")
	}
	examplesFolder, err := filepath.Abs("../../examples")
	require.NoError(t, err)
	folder := qsimOnPath(t)
	require.NoError(t, os.Symlink(examplesFolder, filepath.Join(folder, "examples")))
	for path, outputs := range map[string]int{readmePath: 5} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		count := 0
		changed := quoted.ReplaceAllFunc(text, func(block []byte) []byte {
			count++
			parts := quoted.FindSubmatch(block)
			slow := !bytes.Contains(parts[1], []byte("tiny"))
			if slow && (testing.Short() || slowed) {
				return block // a week of the lab takes some seconds
			}
			c := exec.Command(bash, "-c", "set -eo pipefail; PATH="+folder+":$PATH\n"+string(parts[1]))
			c.Dir = folder
			c.Env = append(os.Environ(), asProgram+"=1")
			var errs strings.Builder
			c.Stderr = &errs
			out, err := c.Output()
			require.NoError(t, err, "%s\n%s", parts[1], errs.String())
			if !*rewrite {
				require.Equal(t, string(parts[2]), string(out), "%s: %s", path, parts[1])
			}
			return []byte("<!-- output of: " + string(parts[1]) + " -->\n```\n" + string(out) + "```\n")
		})
		require.GreaterOrEqual(t, count, outputs, path)
		if *rewrite {
			require.NoError(t, os.WriteFile(path, changed, 0o644))
		}
	}
}
