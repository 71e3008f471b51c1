package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what documents quote anew")

const questionsPath = "../../docs/questions.md"

// examples are blocks of commands, each with the block of its output, if it has one.
var examples = regexp.MustCompile("(?s)\n```sh\n(.*?)```\n(?:\n```\n(.*?)```\n)?")

// writer is what a journal says of the program that wrote it, which depends on how it was built.
var writer = regexp.MustCompile(`written by qsim .*`)

// The commands of docs/questions.md print what stands below them; -rewrite writes that.
func TestQuestionsAreAnswered(t *testing.T) {
	t.Parallel()
	if testing.Short() || slowed {
		t.Skip("a week of the lab is recorded, replayed and forked")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash to run the commands")
	}
	text, err := os.ReadFile(questionsPath)
	if err != nil {
		t.Fatal(err)
	}
	folder := qsimOnPath(t)
	count := 0
	changed := examples.ReplaceAllFunc(text, func(block []byte) []byte {
		parts := examples.FindSubmatch(block)
		c := exec.Command(bash, "-c", "PATH="+folder+":$PATH\n"+string(parts[1]))
		c.Dir = folder
		c.Env = append(os.Environ(), asProgram+"=1")
		var errs bytes.Buffer
		c.Stderr = &errs
		out, err := c.Output() // a gate that is broken is an exit code, and part of the text
		count++
		if len(parts[2]) == 0 && (len(out) > 0 || err != nil) {
			t.Errorf("%s\nprinted, which is not in the text:\n%s%s", parts[1], out, errs.Bytes())
		}
		if bytes.Equal(writer.ReplaceAll(out, nil), writer.ReplaceAll(parts[2], nil)) {
			out = parts[2] // whichever program wrote the journal
		} else if !*rewrite {
			t.Errorf("%s\nprinted:\n%s%s\nand the text has:\n%s", parts[1], out, errs.Bytes(), parts[2])
		}
		result := "\n```sh\n" + string(parts[1]) + "```\n"
		if len(out) > 0 {
			result += "\n```\n" + string(out) + "```\n"
		}
		return []byte(result)
	})
	if count < 10 {
		t.Errorf("the text has %d blocks of commands", count)
	}
	if *rewrite {
		if err := os.WriteFile(questionsPath, changed, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// qsimOnPath returns an empty folder with a program qsim in it, which is this test's program.
func qsimOnPath(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Symlink(self, filepath.Join(folder, "qsim")); err != nil {
		t.Skipf("no links here: %v", err)
	}
	return folder
}
