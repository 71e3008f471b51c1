package experiment_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/simulator/experiment"
)

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(experiment.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("experiment.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("experiment.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// value reads a file as a validator sees it.
func value(t *testing.T, path string, text []byte) any {
	t.Helper()
	n, err := yamltree.Parse(path, text)
	if err != nil {
		t.Fatal(err)
	}
	return n.Any()
}

// Every example follows the schema, and is right.
func TestExamplesFollowTheSchema(t *testing.T) {
	schema := compile(t)
	paths := []string{"testdata/full.yaml"}
	more, err := filepath.Glob("../../examples/experiments/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, more...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value(t, path, text)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := experiment.Parse(path, text); err != nil {
			t.Error(err)
		}
	}
}

func TestSchemaRefusesWrongForms(t *testing.T) {
	schema := compile(t)
	for _, bad := range []string{
		"policies: []",
		strings.Replace(lab, "fleet: {total", "fleet: {totl", 1),
		strings.Replace(lab, "max_charge: 1h", "max_charge: 1 hour", 1),
		strings.Replace(lab, "max_charge: 1h", "max_charge: 3600", 1),
		strings.Replace(lab, "builtin: fifo", "builtin: lifo", 1),
		strings.Replace(lab, "balance: empty", "balance: half", 1),
		strings.Replace(lab, "seeds: 2", "seeds: [2, 2]", 1),
		strings.Replace(lab, "p0: 2", "p9: 2", 1),
	} {
		if bad == lab {
			t.Fatal("nothing was replaced")
		}
		if err := schema.Validate(value(t, "bad.yaml", []byte(bad))); err == nil {
			t.Errorf("the schema takes\n%s", bad)
		}
	}
}
