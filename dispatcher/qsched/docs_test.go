package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/access"
)

const page = "../README.md"

// rewriting says whether the tables of documents are to be written anew, with -rewrite.
func rewriting() bool {
	f := flag.Lookup("rewrite")
	return f != nil && f.Value.String() == "true"
}

// The page has each flag of the server, as its help says it.
func TestTheServersFlagsAreOnThePage(t *testing.T) {
	server, _, err := newRoot(streams{}).Find([]string{"server"})
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("| flag | what it says | default |\n|---|---|---|\n")
	server.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		name, usage := pflag.UnquoteUsage(f)
		if f.Name == "help" {
			return
		}
		value := f.DefValue
		if m := regexp.MustCompile(` \(default (.*)\)$`).FindStringSubmatch(usage); m != nil {
			usage, value = strings.TrimSuffix(usage, m[0]), m[1]
		}
		fmt.Fprintf(&b, "| `--%s %s` | %s | %s |\n", f.Name, name, usage, value)
	})
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	head, rest, _ := strings.Cut(string(text), "<!-- flags -->\n")
	old, tail, found := strings.Cut(rest, "<!-- end -->")
	require.True(t, found)
	if rewriting() {
		require.NoError(t, os.WriteFile(page, []byte(head+"<!-- flags -->\n"+b.String()+"<!-- end -->"+tail), 0o644))
		return
	}
	require.Equal(t, b.String(), old, "go test ./dispatcher/qsched -run TheServersFlags -rewrite writes it")
}

// Each command line of the page is one that the command takes.
func TestCommandsOfThePage(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	lines := 0
	joined := strings.ReplaceAll(string(text), "\\\n", " ")
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(joined, -1) {
		for line := range strings.Lines(block[1]) {
			line, _, _ = strings.Cut(line, " #")
			_, call, found := strings.Cut(line, "qsched ")
			if !found || strings.HasPrefix(line, "go ") {
				continue
			}
			call, _, _ = strings.Cut(call, " > ")
			args := strings.Fields(regexp.MustCompile(`'[^']*'`).ReplaceAllString(strings.Trim(strings.TrimSpace(call), "&)"), "x"))
			c, rest, err := newRoot(streams{}).Find(args)
			require.NoError(t, err, line)
			require.NoError(t, c.ParseFlags(rest), line)
			require.NoError(t, c.ValidateArgs(c.Flags().Args()), line)
			require.False(t, c.HasSubCommands(), line)
			lines++
		}
	}
	require.Greater(t, lines, 20)
}

// The files of the page are ones that are taken.
func TestFilesOfThePage(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	require.Len(t, blocks, 3)
	s, err := readContext(write(t, "qsched.yaml", blocks[0][1]), "")
	require.NoError(t, err)
	require.Len(t, s.Servers, 2)
	for _, block := range blocks[1:] {
		_, err = access.Parse("policy.yaml", []byte(block[1]))
		require.NoError(t, err)
	}
}
