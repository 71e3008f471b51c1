package main

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// The README has a row for every flag of the commands for logs, and every preset.
func TestTheReadmeHasTheFlagsForLogs(t *testing.T) {
	b, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(b)
	info, convert := newTraceInfoCommand(nil, nil), newConvertCommand(nil, nil)
	for _, set := range []*pflag.FlagSet{info.Flags(), convert.Flags()} {
		set.VisitAll(func(flag *pflag.Flag) {
			if !strings.Contains(readme, "\n| `--"+flag.Name) {
				t.Errorf("the README has no row for --%s", flag.Name)
			}
		})
	}
	for _, name := range presetNames() {
		if !strings.Contains(readme, "\n| `"+name+"` |") {
			t.Errorf("the README has no row for the preset %s", name)
		}
	}
}

// The README shows what the program prints, and has a row for every flag.
func TestTheReadmeIsTrue(t *testing.T) {
	b, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(b)
	_, stdout, _ := qsim("run", "--wall-times", "off", tiny)
	if !strings.Contains(readme, "```\n"+stdout+"```\n") {
		t.Errorf("not in the README:\n%s", stdout)
	}
	var f runFlags
	set := pflag.NewFlagSet("run", pflag.ContinueOnError)
	f.register(set)
	set.VisitAll(func(flag *pflag.Flag) {
		if !strings.Contains(readme, "\n| `--"+flag.Name) {
			t.Errorf("the README has no row for --%s", flag.Name)
		}
	})
}
