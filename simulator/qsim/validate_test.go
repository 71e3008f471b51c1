package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const labYAML = `name: lab
trace: {file: no-such-log.swf}
policies:
- {name: fifo, builtin: fifo}
- {name: fair, builtin: fair}
seeds: 3
`

func TestValidateAFile(t *testing.T) {
	good := write(t, "good.yaml", labYAML)
	expect(t, 0, []string{`(?m)^/.*/good.yaml: fine: 2 variants × 3 seeds = 6 runs$`}, nil,
		"validate", "--file-only", good)
	expect(t, 0, []string{`fine: 2 variants × 1 seed = 2 runs`}, nil,
		"validate", "--file-only", "--set", "seeds=[7]", good)
	expect(t, 2, nil, []string{
		`(?m)^--set sed=1: unknown field "sed"; there are `,
		`(?m)^qsim: files with mistakes: 1 of 1$`,
	}, "validate", "--file-only", "--set", "sed=1", good)
}

// All files are checked, and all mistakes shown where they are.
func TestValidateShowsAllMistakes(t *testing.T) {
	good := write(t, "good.yaml", labYAML)
	bad := write(t, "bad.yaml", strings.Replace(labYAML, "seeds: 3", "seeds: x\nwarm_up: 3", 1))
	expect(t, 2, []string{`good.yaml: fine`}, []string{
		`(?m)^/.*/bad.yaml:6:8: seeds: "x" is a text, want a number\n    seeds: x\n           \^$`,
		`(?m)^/.*/bad.yaml:7:10: warm_up: 3 has no unit`,
		`no-such.yaml: no such file`,
		`(?m)^qsim: files with mistakes: 2 of 3$`,
	}, "validate", "--file-only", bad, "no-such.yaml", good)
	expect(t, 2, nil, []string{`no experiment file was named`}, "validate")
}

// A log is looked for beside the file and in the folder of QSIM_TRACES.
func TestValidateSaysWhereALogIsNot(t *testing.T) {
	file := write(t, "lab.yaml", labYAML)
	folder := t.TempDir()
	t.Setenv(tracesVariable, folder)
	expect(t, 2, nil, []string{
		`lab.yaml:2:15: trace.file: there is no file /.*/no-such-log.swf, nor ` + folder +
			`/no-such-log.swf; name it with --trace, or its folder with QSIM_TRACES`,
	}, "validate", file)
	expect(t, 2, nil, []string{`there is no file other.swf; `}, "validate", "--trace", "other.swf",
		file)
}

func TestPrintsTheSchema(t *testing.T) {
	code, stdout, stderr := qsim("schema")
	var schema map[string]any
	if err := json.Unmarshal([]byte(stdout), &schema); code != 0 || stderr != "" || err != nil {
		t.Fatalf("code %d, stderr %q, %v", code, stderr, err)
	}
	if got := schema["$schema"]; got != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("$schema is %v", got)
	}
	expect(t, 2, nil, []string{`unknown command|accepts`}, "schema", "x")
}
