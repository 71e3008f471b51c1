package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
)

const readmePath = "../README.md"

// section returns the text of the README below a heading that begins with these words.
func section(t *testing.T, readme, heading string) string {
	t.Helper()
	_, text, found := strings.Cut(readme, "\n### "+heading)
	if !found {
		t.Fatalf("the README has no section %q", heading)
	}
	for _, next := range []string{"\n### ", "\n## "} {
		text, _, _ = strings.Cut(text, next)
	}
	return text
}

// The README has a row for every flag, where its command is described.
func TestTheReadmeHasAllFlags(t *testing.T) {
	readme := read(t, readmePath)
	for _, command := range []*cobra.Command{newRunCommand(nil, nil, nil), newCompareCommand(nil, nil),
		newRecordCommand(nil, nil), newReplayCommand(nil, nil), newExplainCommand(nil),
		newForecastCommand(nil, nil), newPlanCommand(nil, nil), newValidateCommand(nil, nil),
		newExampleCommand(nil), newSchemaCommand(nil), newTraceInfoCommand(nil, nil),
		newConvertCommand(nil, nil), newInitCommand(nil, nil), newTuneCommand(nil, nil, nil),
		newMergeCommand(nil, nil)} {
		name := "`qsim " + command.Name()
		if command.Name() == "info" {
			name = "`qsim trace info"
		}
		command.Flags().VisitAll(func(flag *pflag.Flag) {
			heading := name
			if cli.HeadingOf(flag) != "" && flag.Name != "workers" {
				heading = "Flags that map a log"
			}
			if !strings.Contains(section(t, readme, heading), "\n| `--"+flag.Name) {
				t.Errorf("the README has no row for --%s below %q", flag.Name, heading)
			}
		})
	}
}

func TestTheReadmeHasAllPresets(t *testing.T) {
	readme := read(t, readmePath)
	for _, name := range presetNames() {
		if !strings.Contains(readme, "\n| `"+name+"` |") {
			t.Errorf("the README has no row for the preset %s", name)
		}
	}
}

// Each command of the README that is about the small log works as it stands there.
func TestCommandsOfTheReadme(t *testing.T) {
	t.Parallel()
	count := 0
	out := t.TempDir()
	for line := range strings.Lines(read(t, readmePath)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "go run ./simulator/")
		if !strings.HasPrefix(line, "qsim ") || !strings.Contains(line, "examples/logs/tiny.swf") {
			continue
		}
		count++
		args := strings.Fields(strings.NewReplacer("'", "", "examples/logs/tiny.swf", tiny,
			" tiny.jsonl", " "+out+"/tiny.jsonl").Replace(line))[1:]
		if code, _, stderr := qsim(args...); code != 0 {
			t.Errorf("%s: exit code %d, %s", line, code, stderr)
		}
	}
	if count < 2 {
		t.Errorf("the README has %d commands about the small log", count)
	}
}
