package experiment_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/quotasched/quotasched/simulator/experiment"
)

// TestMistakes reads files with mistakes: testdata/mistakes has them, each with its whole message.
// The argument set of a stanza stands for an option --set.
func TestMistakes(t *testing.T) {
	datadriven.RunTest(t, "testdata/mistakes", func(t *testing.T, d *datadriven.TestData) string {
		var sets []string
		for _, a := range d.CmdArgs {
			sets = append(sets, a.Key+"="+strings.Join(a.Vals, ","))
		}
		e, err := experiment.Parse("lab.yaml", []byte(d.Input), sets...)
		if err != nil {
			return err.Error() + "\n"
		}
		return fmt.Sprintf("%d runs: %s\n", e.Runs(), strings.Join(e.Variants(), "; "))
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(lab), "fleet.total=3")
	f.Add([]byte("name: &a [*a]\n<<: {b: *c}"), "policies[0].name={}")
	f.Add([]byte(strings.Repeat("[", 1000)), "")
	f.Add([]byte("sweep: [{field: policies.x, values: [1]}]\npolicies: [{name: x}]"), "x")
	f.Fuzz(func(t *testing.T, data []byte, set string) {
		e, err := experiment.Parse("lab.yaml", data, set)
		if err == nil && e.Runs() < 1 {
			t.Error("no mistake, and nothing to run")
		}
		if err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
	})
}
