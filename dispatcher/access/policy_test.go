package access_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/access"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func hashOf(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// text is a policy with one identity for each role.
func text() string {
	return fmt.Sprintf(`
identities:
  boss: {certificates: ["email:boss@example.org"], operator: true}
  admin: {tokens: [{sha256: %s}], pools: {lab: {roles: [admin]}}}
  web:
    tokens:
      - {sha256: %s, expires: 2026-03-02, note: the one in CI}
      - {sha256: %s, expires: 2026-02-28}
      - {sha256: %s, revoked: true}
    pools: {lab: {submit: [web], roles: [continue]}}
    limits: {calls_per_second: 20}
  any: {tokens: [{sha256: %s}], pools: {lab: {submit: ["*"]}}}
  host: {certificates: ["dns:host-1", "uri:quotasched:workers/lab"], pools: {lab: {roles: [worker]}}}
  viewer: {tokens: [{sha256: %s}], pools: {"*": {roles: [view]}}}
limits: {calls_per_second: 7, concurrent_calls: 5}
`, hashOf("t-admin"), hashOf("t-web"), hashOf("t-old"), hashOf("t-revoked"), hashOf("t-any"),
		strings.ToUpper(hashOf("t-viewer")))
}

func parse(t *testing.T, text string) *access.Policy {
	t.Helper()
	p, err := access.Parse("policy.yaml", []byte(text))
	require.NoError(t, err)
	return p
}

func certificate(dns, email, uri string) *x509.Certificate {
	c := &x509.Certificate{NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	if dns != "" {
		c.DNSNames = []string{dns}
	}
	if email != "" {
		c.EmailAddresses = []string{email}
	}
	if uri != "" {
		u, _ := url.Parse(uri)
		c.URIs = []*url.URL{u}
	}
	return c
}

func TestIdentify(t *testing.T) {
	p := parse(t, text())
	expired := certificate("host-1", "", "")
	expired.NotAfter = now.Add(-time.Second)
	early := certificate("host-1", "", "")
	early.NotBefore = now.Add(time.Second)
	for _, c := range []struct {
		about string
		shown access.Credentials
		want  string // a name, or what the error says
	}{
		{"a token", access.Credentials{Token: "t-web"}, "web"},
		{"a hash in capitals", access.Credentials{Token: "t-viewer"}, "viewer"},
		{"an expired token", access.Credentials{Token: "t-old"}, "token expired at 2026-02-28T00:00:00Z"},
		{"a revoked token", access.Credentials{Token: "t-revoked"}, "token was revoked"},
		{"an unknown token", access.Credentials{Token: "t-x"}, "token is not known"},
		{"the hash in place of the token", access.Credentials{Token: hashOf("t-web")}, "not known"},
		{"nothing", access.Credentials{}, "neither a token nor a client certificate"},
		{"a host's certificate", access.Credentials{Certificate: certificate("host-1", "", "")}, "host"},
		{"a URI", access.Credentials{Certificate: certificate("host-9", "", "quotasched:workers/lab")}, "host"},
		{"an address", access.Credentials{Certificate: certificate("", "boss@example.org", "")}, "boss"},
		{"another kind of name", access.Credentials{Certificate: certificate("boss@example.org", "", "")},
			"nobody has a certificate for dns:boss@example.org"},
		{"no name", access.Credentials{Certificate: certificate("", "", "")}, "for no name at all"},
		{"two people's", access.Credentials{Certificate: certificate("host-1", "boss@example.org", "")},
			"is both"},
		{"an expired certificate", access.Credentials{Certificate: expired}, "valid from 2026-03-01T11"},
		{"one for later", access.Credentials{Certificate: early}, "valid from 2026-03-01T12:00:01Z"},
		{"a token is worth more", access.Credentials{Token: "t-web", Certificate: certificate("host-1", "", "")}, "web"},
		{"a wrong one as well", access.Credentials{Token: "t-x", Certificate: certificate("host-1", "", "")}, "not known"},
	} {
		i, err := p.Identify(c.shown, now)
		if err != nil {
			require.ErrorIs(t, err, access.ErrUnauthenticated, c.about)
			require.Nil(t, i, c.about)
			require.ErrorContains(t, err, c.want, c.about)
			if c.shown.Token != "" {
				require.NotContains(t, err.Error(), c.shown.Token, c.about)
			}
			continue
		}
		require.Equal(t, c.want, i.Name(), c.about)
	}
}

func TestLimits(t *testing.T) {
	p := parse(t, text())
	web, err := p.Identify(access.Credentials{Token: "t-web"}, now)
	require.NoError(t, err)
	require.Equal(t, access.Limits{CallsPerSecond: 20, ConcurrentCalls: 5}, web.Limits())
	admin, err := p.Identify(access.Credentials{Token: "t-admin"}, now)
	require.NoError(t, err)
	require.Equal(t, access.Limits{CallsPerSecond: 7, ConcurrentCalls: 5}, admin.Limits())
}

// A row for each identity, a column for each thing to do.
func TestMay(t *testing.T) {
	p := parse(t, text())
	actions := []struct {
		name string
		a    access.Action
	}{
		{"known", access.Action{Right: access.Known}},
		{"view", access.Action{Right: access.View, Pool: "lab"}},
		{"view other", access.Action{Right: access.View, Pool: "other"}},
		{"view ''", access.Action{Right: access.View}},
		{"view *", access.Action{Right: access.View, Pool: "*"}},
		{"work", access.Action{Right: access.Work, Pool: "lab"}},
		{"submit web", access.Action{Right: access.Submit, Pool: "lab", Account: "web"}},
		{"submit ads", access.Action{Right: access.Submit, Pool: "lab", Account: "ads"}},
		{"submit free", access.Action{Right: access.Submit, Pool: "lab"}},
		{"submit other", access.Action{Right: access.Submit, Pool: "other", Account: "web"}},
		{"continue", access.Action{Right: access.Continue, Pool: "lab"}},
		{"cancel web", access.Action{Right: access.Cancel, Pool: "lab", Account: "web"}},
		{"cancel ads", access.Action{Right: access.Cancel, Pool: "lab", Account: "ads"}},
		{"admin", access.Action{Right: access.Administer, Pool: "lab"}},
		{"admin other", access.Action{Right: access.Administer, Pool: "other"}},
		{"operate", access.Action{Right: access.Operate}},
		{"none", access.Action{Pool: "lab"}},
	}
	for who, want := range map[string]string{
		"boss":   "known, view, view other, view '', view *, cancel web, cancel ads, admin, admin other, operate",
		"admin":  "known, view, cancel web, cancel ads, admin",
		"web":    "known, view, submit web, continue, cancel web",
		"any":    "known, view, submit web, submit ads, submit free, cancel web, cancel ads",
		"host":   "known, work",
		"viewer": "known, view, view other",
	} {
		shown := access.Credentials{Token: "t-" + who}
		switch who {
		case "boss":
			shown = access.Credentials{Certificate: certificate("", "boss@example.org", "")}
		case "host":
			shown = access.Credentials{Certificate: certificate("host-1", "", "")}
		}
		i, err := p.Identify(shown, now)
		require.NoError(t, err)
		var may []string
		for _, a := range actions {
			err := i.May(a.a)
			if err == nil {
				may = append(may, a.name)
				continue
			}
			require.ErrorIs(t, err, access.ErrDenied)
			require.ErrorContains(t, err, who+" needs ")
		}
		require.Equal(t, want, strings.Join(may, ", "), who)
	}
	for _, a := range actions {
		require.NoError(t, access.Everybody().May(a.a))
	}
}

func TestRefusalsSayWhatIsMissing(t *testing.T) {
	host, err := parse(t, text()).Identify(access.Credentials{Certificate: certificate("host-1", "", "")}, now)
	require.NoError(t, err)
	for _, c := range []struct {
		a    access.Action
		want string
	}{
		{access.Action{Right: access.Submit, Pool: "lab", Account: "web"}, `the role submit for account "web" of pool "lab"`},
		{access.Action{Right: access.Submit, Pool: "lab"}, `the role submit for tasks without an account of pool "lab"`},
		{access.Action{Right: access.Cancel, Pool: "lab", Account: "web"}, `the role submit for account "web" of pool "lab", or admin`},
		{access.Action{Right: access.View, Pool: "lab"}, `the role view of pool "lab"`},
		{access.Action{Right: access.Work, Pool: "x"}, `the role worker of pool "x"`},
		{access.Action{Right: access.Continue, Pool: "lab"}, `the role continue of pool "lab"`},
		{access.Action{Right: access.Administer, Pool: "lab"}, `the role admin of pool "lab"`},
		{access.Action{Right: access.Operate}, `the role operator`},
	} {
		require.EqualError(t, host.May(c.a), "permission denied: host needs "+c.want)
	}
}

func TestMistakesHavePlaces(t *testing.T) {
	hash := hashOf("x")
	for _, c := range []struct{ text, want string }{
		{"", `p.yaml: is empty`},
		{"limits: {}", `identities: is missing`},
		{"identities: {}", `p.yaml:1:1: identities: names nobody`},
		{"identities:\n  ann: {oprator: true}", `p.yaml:2:9: identities.ann: unknown field "oprator"; was "operator" meant?`},
		{"identities:\n  ann: {}\n  ann: {}", `p.yaml:3:3: "ann" stands twice in one mapping`},
		{"identities:\n  ann:\n    pools: {lab: {roles: [veiw]}}",
			`p.yaml:3:27: identities.ann.pools.lab.roles[0]: there is no role "veiw"; was "view" meant?`},
		{"identities: {a: {pools: {lab: {roles: [root]}}}}", `there is no role "root"; there are view, worker, continue, admin`},
		{"identities: {a: {pools: {lab: {roles: [submit]}}}}", `write submit: [ACCOUNT]`},
		{"identities: {a: {pools: {lab: {roles: [operator]}}}}", `write operator: true`},
		{"identities: {a: {pools: {lab: {roles: [continue]}}}}", `continue is for those who submit`},
		{"identities: {a: {pools: {lab: {}}}}", `identities.a.pools.lab: gives no role`},
		{"identities: {a: {tokens: [{sha256: abc}]}}", `p.yaml:1:36: identities.a.tokens[0].sha256: is not a SHA-256`},
		{"identities: {a: {tokens: [{revoked: true}]}}", `identities.a.tokens[0].sha256: is missing`},
		{"identities: {a: {tokens: [{sha256: " + hash + ", expires: soon}]}}", `"soon" is not a time`},
		{"identities: {a: {tokens: [{sha256: " + hash + "}]}, b: {tokens: [{sha256: " + hash + "}]}}", `identities.b.tokens[0]: is "a"'s, too`},
		{"identities: {a: {certificates: [host]}}", `write dns:NAME, uri:URI or email:ADDRESS`},
		{"identities: {a: {certificates: ['dns:*.x']}}", `is not a host's name`},
		{"identities: {a: {certificates: ['email:x']}}", `is not an address`},
		{"identities: {a: {certificates: ['uri:x']}}", `is not a URI`},
		{"identities: {a: {certificates: ['dns:']}}", `the name is empty`},
		{"identities: {a: {certificates: [dns:x, dns:x]}}", `identities.a.certificates[1]: is "a"'s, too`},
		{"identities: {a: {limits: {calls_per_second: 0}}}", `leave it out for the default`},
		{"identities: {a: {limits: {calls_per_second: -1}}}", `is not from above 0`},
		{"identities: {a: {limits: {concurrent_calls: 1000000}}}", `is not from 1 to 100,000`},
		{"identities: {a b: {}}", `the name has a space`},
		{"identities: {a: {operator: 1}}", `operator`},
		{"identities: {a: {pools: {lab: {submit: ['']}}}}", `an account is empty`},
	} {
		p, err := access.Parse("p.yaml", []byte(c.text))
		require.Nil(t, p, c.text)
		require.ErrorContains(t, err, c.want, c.text)
	}
}

func TestAWrongFileLeavesTheOldPolicy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	_, err := access.Open(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, []byte(text()), 0o600))
	f, err := access.Open(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("identities:\n  ann: {x: 1}"), 0o600))
	require.ErrorContains(t, f.Reload(), "policy.yaml:2:9: ")
	_, err = f.Identify(access.Credentials{Token: "t-web"}, now)
	require.NoError(t, err)
	without := strings.Replace(text(), hashOf("t-web"), hashOf("t-new"), 1)
	require.NoError(t, os.WriteFile(path, []byte(without), 0o600))
	require.NoError(t, f.Reload())
	_, err = f.Identify(access.Credentials{Token: "t-web"}, now)
	require.ErrorIs(t, err, access.ErrUnauthenticated)
}

func TestSummaries(t *testing.T) {
	var lines []string
	for _, s := range parse(t, text()+"  \n").Summaries(now) {
		lines = append(lines, fmt.Sprintf("%s | %s | %s | %s", s.Name, strings.Join(s.Credentials, ", "),
			strings.Join(s.Roles, "; "), strings.Join(s.Warnings, "; ")))
	}
	require.Equal(t, []string{
		"admin | 1 token | lab: admin | ",
		"any | 1 token | lab: submit to all | ",
		"boss | email:boss@example.org | operator | ",
		"host | dns:host-1, uri:quotasched:workers/lab | lab: worker | ",
		"viewer | 1 token | *: view | ",
		"web | 1 token | lab: continue, submit to web | 2 tokens revoked or expired",
	}, lines)
	nobody := parse(t, "identities: {x: {}}").Summaries(now)
	require.Equal(t, []string{"nothing proves who it is", "it may do nothing"}, nobody[0].Warnings)
}

// No text makes the decoder panic, and no file lets in who shows nothing.
func FuzzParse(f *testing.F) {
	f.Add(text())
	f.Add("identities: {a: {pools: {'*': {submit: ['*'], roles: [admin, worker, continue, view]}}}}")
	f.Add("identities: &x {a: *x}")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := access.Parse("fuzz.yaml", []byte(text))
		if err != nil {
			require.Nil(t, p)
			require.NotEmpty(t, err.Error())
			return
		}
		_, err = p.Identify(access.Credentials{}, now)
		require.ErrorIs(t, err, access.ErrUnauthenticated)
		_, err = p.Identify(access.Credentials{Certificate: certificate("", "", "")}, now)
		require.ErrorIs(t, err, access.ErrUnauthenticated)
		p.Summaries(now)
	})
}
