package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/cli"
)

// TestMain keeps the settings of whoever runs the tests out of them.
func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" || len(os.Args) > 1 && os.Args[1] == shimCommand {
		main()
	}
	for _, text := range os.Environ() {
		if name, _, _ := strings.Cut(text, "="); strings.HasPrefix(name, "QSCHED_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("QSCHED_CONFIG", filepath.Join(os.TempDir(), "no-such-folder", "qsched.yaml"))
	os.Exit(m.Run())
}

// outcome is what a command line brought.
type outcome struct {
	code     int
	out, err string
}

// qsched runs a command line.
func qsched(t *testing.T, args ...string) outcome { return qschedReading(t, "", args...) }

// qschedReading runs a command line with a standard input.
func qschedReading(t *testing.T, in string, args ...string) outcome {
	return qschedUntil(t.Context(), in, args...)
}

func qschedUntil(ctx context.Context, in string, args ...string) outcome {
	var out, err bytes.Buffer
	code := execute(ctx, args, streams{in: strings.NewReader(in), out: &out, err: &err})
	return outcome{code, out.String(), err.String()}
}

// write makes a file in a folder of the test's own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestBadCommandLines(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"tsk"}, `unknown command "tsk" for "qsched"; was 'qsched task' meant\?`},
		{[]string{"task", "sumbit"}, `was 'qsched task submit' meant\?`},
		{[]string{"help", "nope"}, `there is no command "nope"; there are: .*pool, account, `},
		{[]string{"help", "task", "lsit"}, `was 'qsched task list' meant\?`},
		{[]string{"pool", "create"}, `POOL is missing`},
		{[]string{"account", "set"}, `POOL and ACCOUNT is missing`},
		{[]string{"pool", "inspect", "a", "b"}, `"b" is too much: want POOL`},
		{[]string{"pool", "list", "--jsn"}, `unknown flag: --jsn; was --json meant\?`},
		{[]string{"pool", "configure", "lab"}, `no setting is named`},
		{[]string{"pool", "create", "lab", "--lease-ttl", "10"}, `"10" is not a duration such as 90s`},
		{[]string{"account", "set", "lab", "a", "--rate", "40"}, `want a level p0 to p4 and a number, such as p0=40`},
		{[]string{"account", "set", "lab", "a", "--rate", "p5=1"}, `want a level p0 to p4`},
		{[]string{"account", "set", "lab", "a", "--rate", "p0=0.0001"}, `"0.0001" is not a number with at most 3 digits`},
		{[]string{"account", "set", "lab", "a", "--limit", "model"}, `--limit "model" is not KEY=N`},
		{[]string{"task", "submit"}, `POOL is missing`},
		{[]string{"task", "submit", "--", "true"}, `POOL is missing`},
		{[]string{"task", "submit", "lab", "true"}, `as in: qsched task submit lab -- true`},
		{[]string{"task", "submit", "lab"}, `the task's command is missing: it stands behind --`},
		{[]string{"task", "submit", "lab", "--on-disconnect", "x", "--", "a"}, `"x" is neither stop nor continue`},
		{[]string{"task", "submit", "lab", "--env", "A", "--", "a"}, `--env "A" is not NAME=VALUE`},
		{[]string{"task", "submit", "lab", "--cpu", "x", "--", "a"}, `--cpu: "x" is not a number`},
		{[]string{"task", "submit", "lab", "--payload-file", "x", "--", "a"}, `not both`},
		{[]string{"task", "submit", "lab", "--from", "-", "--account", "a"}, `--account is for one task`},
		{[]string{"task", "submit", "lab", "--from", "-", "--", "a"}, `a command is for one task`},
		{[]string{"task", "list", "lab", "--state", "wating"}, `there is no state "wating"; was WAITING meant\?`},
		{[]string{"task", "list", "lab", "--state", "x"}, `there is no state "x"; there are WAITING, ASSIGNED, `},
		{[]string{"task", "list", "lab", "--limit", "-1"}, `--limit -1 is negative`},
		{[]string{"task", "cancel", "lab"}, `want POOL and at least one ID`},
		{[]string{"events", "lab", "--from", "x"}, `--from "x" is not the number of an event`},
		{[]string{"usage", "lab", "--since", "x"}, `--since "x" is neither a duration such as 30d nor a time`},
		{[]string{"worker", "drain", "lab", "w", "--undo", "--wait"}, `--undo goes with neither`},
		{[]string{"cluster", "transfer", "a", "b"}, `"b" is too much`},
		{[]string{"cert", "node", "n1"}, `no --host is named`},
		{[]string{"cert", "client", "a"}, `no --san is named`},
		{[]string{"pool", "list", "--server", "http://h", "--context", "x"}, `--server and --context both name a server`},
	} {
		o := qsched(t, c.args...)
		require.Equal(t, exitNotDone, o.code, c.args)
		require.Empty(t, o.out, c.args)
		require.Regexp(t, regexp.MustCompile(`^qsched: .*`+c.want), o.err, c.args)
		require.Contains(t, o.err, "--help' has all flags", c.args)
	}
}

func TestServersThatCannotBeUsed(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--server", "x"}, `qsched: "x" is not a server's URL, such as http://127.0.0.1:7878`},
		{[]string{"--token-file", "/no/such"}, `qsched: the token: open /no/such: no such file`},
		{[]string{"--token-file", write(t, "empty", "\n")}, `/empty is empty`},
		{[]string{"--ca", "/no/such"}, `qsched: the authority's certificates: open /no/such`},
		{[]string{"--ca", write(t, "ca.pem", "x")}, `has no certificate in PEM`},
		{[]string{"--client-cert", "x"}, `name both --client-cert and --client-key`},
		{[]string{"--server", "http://127.0.0.1:1"}, `no server answers at http://127.0.0.1:1: connection refused; is the server running`},
		{[]string{"--context", "x"}, `qsched: the context "x": open `},
	} {
		o := qsched(t, append([]string{"pool", "list"}, c.args...)...)
		require.Equal(t, exitNotDone, o.code, c.args)
		require.Empty(t, o.out)
		require.Contains(t, o.err, c.want, c.args)
	}
}

// Each command has a help that fits a terminal and takes --json.
func TestHelp(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		args := append([]string{"help"}, strings.Fields(c.CommandPath())[1:]...)
		o := qsched(t, args...)
		require.Equal(t, exitOK, o.code, c.CommandPath())
		require.Contains(t, o.out, "Usage:\n  "+c.CommandPath())
		require.Contains(t, o.out, "--json")
		for line := range strings.Lines(o.out) {
			require.LessOrEqual(t, len([]rune(line)), cli.UsageColumns+1, line)
		}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				walk(sub)
			}
		}
	}
	walk(newRoot(streams{}))
	require.Regexp(t, `^qsched \S+`, qsched(t, "version").out)
	require.Regexp(t, `^{"version":"`, qsched(t, "version", "--json").out)
	require.Contains(t, qsched(t, "completion", "bash").out, "qsched")
}

func TestCertificatesAndTokens(t *testing.T) {
	dir := t.TempDir()
	o := qsched(t, "cert", "client", "ann", "--san", "email:a@b.c", "--dir", dir)
	require.Equal(t, exitNotDone, o.code)
	require.Contains(t, o.err, "'qsched cert ca' makes one")
	o = qsched(t, "cert", "ca", "--dir", dir)
	require.Equal(t, outcome{0, filepath.Join(dir, "ca.pem") + "\n" + filepath.Join(dir, "ca-key.pem") + "\n", ""}, o)
	o = qsched(t, "cert", "node", "n1", "--host", "localhost", "--host", "127.0.0.1", "--dir", dir, "--json")
	require.Contains(t, o.out, `n1-key.pem"}`)
	require.Zero(t, qsched(t, "cert", "client", "ann", "--san", "email:a@b.c", "--dir", dir).code)
	info, err := os.Stat(filepath.Join(dir, "ann-key.pem"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "nobody else reads a key")
	o = qsched(t, "cert", "ca", "--dir", dir)
	require.Equal(t, exitNotDone, o.code, "an authority is never written over")
	require.Contains(t, o.err, "file exists")
	require.Contains(t, qsched(t, "cert", "client", "../x", "--san", "dns:x", "--dir", dir).err, "not the name of a file")
	require.Contains(t, qsched(t, "cert", "client", "b", "--san", "dns:x", "--valid", "9999d", "--dir", dir).err, "longer than its authority")

	o = qsched(t, "cert", "token")
	policy := write(t, "policy.yaml", "identities:\n  ann:\n    "+o.err+"    pools: {lab: {roles: [view]}}\n")
	check := qsched(t, "auth", "check", policy)
	require.Equal(t, exitOK, check.code, check.err)
	require.Regexp(t, `ann +1 token +lab: view`, check.out)
}

func TestAuthCheck(t *testing.T) {
	o := qsched(t, "auth", "check", write(t, "policy.yaml", "identities:\n  ann: {operator: true, pols: {}}\n"))
	require.Equal(t, exitFailed, o.code)
	require.Contains(t, o.err, "qsched: the check failed:\n")
	require.Contains(t, o.err, `policy.yaml:2:25: identities.ann: unknown field "pols"; was "pools" meant?`)
	require.Equal(t, exitNotDone, qsched(t, "auth", "check", "/no/such").code)
	o = qsched(t, "auth", "check", "--json", write(t, "policy.yaml", "identities: {ann: {operator: true}}"))
	require.JSONEq(t, `{"identity": "ann", "credentials": null, "roles": ["operator"], "warnings": ["nothing proves who it is"]}`, o.out)
}
