package access

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/nearest"
)

// document is the policy file as people write it.
type document struct {
	Identities map[string]identityEntry `yaml:"identities,required"`
	// Limits are those of identities that have none.
	Limits limitsEntry
}

type identityEntry struct {
	Certificates []string
	Tokens       []tokenEntry
	Operator     bool
	Pools        map[string]poolEntry
	Limits       limitsEntry
}

type tokenEntry struct {
	SHA256 string `yaml:"sha256,required"`
	// Note is for people, such as where the token is used.
	Note    string
	Expires time.Time
	Revoked bool
}

type poolEntry struct {
	Roles  []string
	Submit []string
}

type limitsEntry struct {
	CallsPerSecond  float64 `yaml:"calls_per_second,nonzero"`
	ConcurrentCalls int     `yaml:"concurrent_calls,nonzero"`
}

// Bounds on what a file may say.
const (
	nameBytesMax       = 200
	callsPerSecondMax  = 1_000_000
	concurrentCallsMax = 100_000
)

// validate returns all that is wrong in a document, by field.
func (d *document) validate() error {
	var wrong []error
	if len(d.Identities) == 0 {
		wrong = append(wrong, field.Errorf("identities", "names nobody, so nobody could call"))
	}
	owners := map[string]string{} // by certificate's name or token's hash, who has it
	for _, name := range slices.Sorted(maps.Keys(d.Identities)) {
		e := d.Identities[name]
		wrong = append(wrong, field.In("identities", field.In(name,
			errors.Join(checkName("the name", name), e.validate(), e.claim(name, owners)))))
	}
	return errors.Join(append(wrong, field.In("limits", d.Limits.validate()))...)
}

func (e *identityEntry) validate() error {
	var wrong []error
	for i, c := range e.Certificates {
		wrong = append(wrong, field.In("certificates", field.In(field.Index(i), checkSAN(c))))
	}
	for i, t := range e.Tokens {
		if raw, err := hex.DecodeString(t.SHA256); err != nil || len(raw) != hashBytes {
			wrong = append(wrong, field.In("tokens", field.In(field.Index(i), field.Errorf("sha256",
				"is not a SHA-256, which has 64 hexadecimal digits; 'qsched cert token' makes a "+
					"token and prints it"))))
		}
	}
	for _, pool := range slices.Sorted(maps.Keys(e.Pools)) {
		p := e.Pools[pool]
		wrong = append(wrong, field.In("pools", field.In(pool,
			errors.Join(checkName("a pool's name", pool), p.validate()))))
	}
	return errors.Join(append(wrong, field.In("limits", e.Limits.validate()))...)
}

// claim notes whose the certificates and tokens are: each may be one identity's alone.
func (e *identityEntry) claim(name string, owners map[string]string) error {
	var wrong []error
	take := func(list string, i int, key string) {
		if owner, taken := owners[key]; taken {
			wrong = append(wrong, field.In(list, field.Errorf(field.Index(i), "is %q's, too", owner)))
			return
		}
		owners[key] = name
	}
	for i, c := range e.Certificates {
		take("certificates", i, c)
	}
	for i, t := range e.Tokens {
		take("tokens", i, strings.ToLower(t.SHA256))
	}
	return errors.Join(wrong...)
}

// roleNames are the roles of a pool that are given by name.
var roleNames = []string{"view", "worker", "continue", "admin"}

func (p *poolEntry) validate() error {
	var wrong []error
	for i, r := range p.Roles {
		if !slices.Contains(roleNames, r) {
			wrong = append(wrong, field.In("roles", field.Errorf(field.Index(i), "%s", noRole(r))))
		}
	}
	for i, a := range p.Submit {
		wrong = append(wrong, field.In("submit", field.In(field.Index(i), checkName("an account", a))))
	}
	if slices.Contains(p.Roles, "continue") && len(p.Submit) == 0 {
		wrong = append(wrong, field.Errorf("roles", "continue is for those who submit, and no "+
			"account is under submit"))
	}
	if len(p.Roles) == 0 && len(p.Submit) == 0 {
		wrong = append(wrong, errors.New("gives no role; say roles or submit"))
	}
	return errors.Join(wrong...)
}

// noRole says that there is no such role, and what may have been meant.
func noRole(role string) string {
	switch role {
	case "submit":
		return `"submit" is for named accounts: write submit: [ACCOUNT], beside roles`
	case "operator":
		return `"operator" is not of a pool: write operator: true, beside pools`
	}
	if like := nearest.Word(role, roleNames); like != "" {
		return fmt.Sprintf("there is no role %q; was %q meant?", role, like)
	}
	return fmt.Sprintf("there is no role %q; there are %s", role, strings.Join(roleNames, ", "))
}

func (l *limitsEntry) validate() error {
	var wrong []error
	if l.CallsPerSecond < 0 || l.CallsPerSecond > callsPerSecondMax {
		wrong = append(wrong, field.Errorf("calls_per_second", "is not from above 0 to 1,000,000"))
	}
	if l.ConcurrentCalls < 0 || l.ConcurrentCalls > concurrentCallsMax {
		wrong = append(wrong, field.Errorf("concurrent_calls", "is not from 1 to 100,000"))
	}
	return errors.Join(wrong...)
}

// checkName refuses what cannot be the name of anything.
func checkName(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s is empty", what)
	case len(name) > nameBytesMax:
		return fmt.Errorf("%s has %d bytes, more than %d", what, len(name), nameBytesMax)
	case strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return fmt.Errorf("%s has a space or control character", what)
	}
	return nil
}

// checkSAN checks how the name of a certificate is written.
func checkSAN(text string) error {
	kind, name, found := strings.Cut(text, ":")
	if err := checkName("the name", name); found && err != nil {
		return err
	}
	switch {
	case kind == "dns" && found:
		if strings.ContainsAny(name, "*/:@") {
			return fmt.Errorf("%q is not a host's name", name)
		}
	case kind == "uri" && found:
		if u, err := url.Parse(name); err != nil || u.Scheme == "" {
			return fmt.Errorf("%q is not a URI", name)
		}
	case kind == "email" && found:
		if a, err := mail.ParseAddress(name); err != nil || a.Address != name {
			return fmt.Errorf("%q is not an address", name)
		}
	default:
		return fmt.Errorf("%q does not say what it is: write dns:NAME, uri:URI or email:ADDRESS", text)
	}
	return nil
}
