package script

import (
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// Layer says what a script drives.
type Layer int

const (
	// Scheduler drives the methods of a scheduler.
	Scheduler Layer = iota
	// Reconciler drives a reconciler over a scheduler.
	Reconciler
)

// Run runs all scripts of a folder, each as a subtest.
func Run(t *testing.T, dir string, layer Layer) {
	t.Helper()
	datadriven.Walk(t, dir, func(t *testing.T, path string) {
		checkHead(t, path)
		ways := newWays(layer)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return ways.stanza(t, d)
		})
	})
}

// checkHead fails the test unless the script begins with a sentence.
func checkHead(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := ""
	for line := range strings.Lines(string(text)) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !ok {
			break
		}
		head += comment
	}
	if !strings.HasSuffix(strings.TrimSpace(head), ".") {
		t.Fatalf("%s does not begin with a sentence that says what it shows", path)
	}
}

// ways are the four pools on which each command runs.
type ways struct {
	plain     *pool
	again     *pool // by methods, where the layer has two doors
	restored  *pool // written to bytes and restored after each command
	reference *pool // one of package reference; nil from where it cannot follow
}

func newWays(layer Layer) *ways {
	w := &ways{plain: newPool(layer), again: newPool(layer), restored: newPool(layer),
		reference: newReference(layer)}
	w.again.byMethods = true
	return w
}

// stanza runs the commands of one instant and returns what they did.
func (w *ways) stanza(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	if d.Cmd != "at" || len(d.CmdArgs) != 1 {
		d.Fatalf(t, "a stanza begins with: at TIME")
	}
	at, err := parseTime(d.CmdArgs[0].String())
	if err != nil {
		d.Fatalf(t, "%v", err)
	}
	var out strings.Builder
	for line := range strings.Lines(d.Input) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if w.plain.goesBehind(line) {
			w.reference = nil
		}
		for _, p := range []*pool{w.plain, w.again, w.restored, w.reference} {
			if p == nil {
				continue
			}
			p.at = at
			p.run(t, d.Pos, line)
		}
		checkEqual(t, d.Pos+": again: "+line, w.plain, w.again)
		checkEqual(t, d.Pos+": restored: "+line, w.plain, w.restored)
		w.checkReference(t, d.Pos+": on the reference: "+line)
		w.restored.restore(t, d.Pos+": "+line)
		checkEqual(t, d.Pos+": after a restore: "+line, w.plain, w.restored)
		out.WriteString(w.plain.out.String())
	}
	if out.Len() == 0 {
		return "(nothing)"
	}
	return out.String()
}

// checkEqual fails the test unless both pools did the same and are in the same state.
func checkEqual(t *testing.T, what string, a, b *pool) {
	t.Helper()
	if x, y := a.out.String(), b.out.String(); x != y {
		t.Fatalf("%s: the output is\n%s\nbut it was\n%s", what, y, x)
	}
	checkState(t, what, a, b)
}

// checkReference fails the test unless the reference did the same and is in the same state. It
// words errors in its own way, and logs nothing.
func (w *ways) checkReference(t *testing.T, what string) {
	t.Helper()
	if w.reference == nil {
		return
	}
	if want, got := w.plain, w.reference; want.said.String() != got.said.String() ||
		want.failed != got.failed {
		t.Fatalf("%s: the output is\n%s\nbut it was\n%s", what, &got.out, &want.out)
	}
	checkState(t, what, w.plain, w.reference)
}

// checkState fails the test unless both pools are in the same state.
func checkState(t *testing.T, what string, a, b *pool) {
	t.Helper()
	if a.hash() != b.hash() {
		t.Fatalf("%s: the state is\n%s\nbut it was\n%s", what, b.text(), a.text())
	}
}
