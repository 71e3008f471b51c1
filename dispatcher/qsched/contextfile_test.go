package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const twoContexts = `
current: lab
contexts:
  lab: {servers: ["http://127.0.0.1:1"], token_file: lab.token, ca: /etc/ca.pem}
  test: {servers: ["http://127.0.0.1:2", "http://127.0.0.1:3"], token: secret}
`

func TestWhereTheServerIs(t *testing.T) {
	path := write(t, "qsched.yaml", twoContexts)
	lab := settings{Servers: []string{"http://127.0.0.1:1"}, TokenFile: filepath.Join(filepath.Dir(path), "lab.token"), CA: "/etc/ca.pem"}
	test := settings{Servers: []string{"http://127.0.0.1:2", "http://127.0.0.1:3"}, Token: "secret"}
	for _, c := range []struct {
		about string
		env   map[string]string
		flags connection
		want  settings
	}{
		{"the current context", nil, connection{}, lab},
		{"a context by flag", nil, connection{context: "test"}, test},
		{"a context by environment", map[string]string{"QSCHED_CONTEXT": "test"}, connection{}, test},
		{"a server gets no token of a context", nil, connection{server: "http://h:1,http://h:2"}, settings{Servers: []string{"http://h:1", "http://h:2"}}},
		{"a server by environment", map[string]string{"QSCHED_SERVER": "http://h:1"}, connection{}, settings{Servers: []string{"http://h:1"}}},
		{"a flag before the environment", map[string]string{"QSCHED_SERVER": "http://h:1"}, connection{context: "test"}, test},
		{"a token of the environment", map[string]string{"QSCHED_TOKEN": "mine"}, connection{}, settings{Servers: lab.Servers, Token: "mine", CA: "/etc/ca.pem"}},
		{"a token file by flag", nil, connection{tokenFile: "t", server: "http://h:1"}, settings{Servers: []string{"http://h:1"}, TokenFile: "t"}},
		{"certificates", map[string]string{"QSCHED_CA": "a", "QSCHED_CLIENT_CERT": "b", "QSCHED_CLIENT_KEY": "c"}, connection{server: "http://h:1", ca: "x"},
			settings{Servers: []string{"http://h:1"}, CA: "x", Cert: "b", Key: "c"}},
		{"no file", map[string]string{"QSCHED_CONFIG": path + "x"}, connection{}, settings{Servers: []string{defaultServer}}},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Setenv("QSCHED_CONFIG", path)
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			got, err := c.flags.settings()
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestContextFilesThatAreWrong(t *testing.T) {
	for _, c := range []struct{ text, name, want string }{
		{"current: lab", "", "contexts: is missing"},
		{"current: lba\ncontexts: {lab: {servers: [a]}}", "", `qsched.yaml:1:10: current: there is no context "lba"; was "lab" meant?`},
		{"contexts: {lab: {}}", "", "names no server under servers"},
		{"contexts: {lab: {servers: [a], token: x, token_file: y}}", "", "both token and token_file"},
		{"contexts: {lab: {server: a}}", "", `unknown field "server"; was "servers" meant?`},
		{twoContexts, "x", `has no context "x"; there are: lab, test`},
	} {
		_, err := readContext(write(t, "qsched.yaml", c.text), c.name)
		require.ErrorContains(t, err, c.want)
	}
}
