package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/yamltree"
)

// ErrUnauthenticated says that it is not known who calls. Its text says why.
var ErrUnauthenticated = errors.New("not authenticated")

const hashBytes = sha256.Size

// Policy is who may do what. It does not change, and may be used from any goroutine.
type Policy struct {
	identities []*Identity          // by name
	byName     map[string]*Identity // by a certificate's name, such as "dns:host"
	tokens     []token
}

type token struct {
	hash     [hashBytes]byte
	identity *Identity
	expires  time.Time // zero: never
	revoked  bool
}

// Load reads a policy file. The error is yamltree.Mistakes if the file is wrong, with each
// mistake's line and column.
func Load(path string) (*Policy, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Parse reads the text of a policy file; name is for errors, which are as Load's.
func Parse(name string, data []byte) (*Policy, error) {
	root, err := yamltree.Parse(name, data)
	if err != nil {
		return nil, err
	}
	d := &document{}
	mistakes := yamltree.Locate(root, yamltree.Decode(root, d))
	if len(mistakes) == 0 {
		mistakes = yamltree.Locate(root, d.validate())
	}
	if err := mistakes.Err(); err != nil {
		return nil, err
	}
	return d.policy(), nil
}

// policy returns what a right document says.
func (d *document) policy() *Policy {
	p := &Policy{byName: map[string]*Identity{}}
	for name, e := range d.Identities {
		i := &Identity{name: name, operator: e.Operator, pools: map[string]grant{},
			limits: e.Limits.or(d.Limits)}
		for pool, g := range e.Pools {
			i.pools[pool] = g.grant()
		}
		for _, c := range e.Certificates {
			p.byName[c] = i
		}
		for _, t := range e.Tokens {
			raw, _ := hex.DecodeString(t.SHA256) // validate has seen it
			p.tokens = append(p.tokens, token{hash: [hashBytes]byte(raw), identity: i,
				expires: t.Expires, revoked: t.Revoked})
		}
		p.identities = append(p.identities, i)
	}
	slices.SortFunc(p.identities, func(a, b *Identity) int { return strings.Compare(a.name, b.name) })
	return p
}

func (l limitsEntry) or(d limitsEntry) Limits {
	out := Limits{CallsPerSecond: defaultCallsPerSecond, ConcurrentCalls: defaultConcurrentCalls}
	for _, e := range []limitsEntry{d, l} {
		if e.CallsPerSecond > 0 {
			out.CallsPerSecond = e.CallsPerSecond
		}
		if e.ConcurrentCalls > 0 {
			out.ConcurrentCalls = e.ConcurrentCalls
		}
	}
	return out
}

func (p poolEntry) grant() grant {
	g := grant{
		view:        slices.Contains(p.Roles, "view"),
		worker:      slices.Contains(p.Roles, "worker"),
		mayContinue: slices.Contains(p.Roles, "continue"),
		admin:       slices.Contains(p.Roles, "admin"),
		accounts:    map[string]bool{},
	}
	for _, a := range p.Submit {
		if a == anyName {
			g.anyAccounts = true
			continue
		}
		g.accounts[a] = true
	}
	return g
}

// Credentials are what a caller shows.
type Credentials struct {
	// Certificate is the client's, whose chain the TLS handshake has verified; nil if there is none.
	Certificate *x509.Certificate
	// Token is what stands behind "Bearer " in the header Authorization; empty if there is none.
	Token string
}

// Identify returns who shows these credentials at a time, or an error that wraps ErrUnauthenticated
// and never repeats a token. Ask again for each message of a long stream: certificates expire, and
// policies change.
func (p *Policy) Identify(c Credentials, now time.Time) (*Identity, error) {
	switch {
	case c.Token != "":
		return p.byToken(c.Token, now)
	case c.Certificate != nil:
		return p.byCertificate(c.Certificate, now)
	}
	return nil, fmt.Errorf("%w: neither a token nor a client certificate was sent",
		ErrUnauthenticated)
}

// Changed returns nil, as a policy does not change.
func (p *Policy) Changed() <-chan struct{} { return nil }

// byToken looks at every token, in the same time whichever fits.
func (p *Policy) byToken(text string, now time.Time) (*Identity, error) {
	hash := sha256.Sum256([]byte(text))
	found := -1
	for i := range p.tokens {
		same := subtle.ConstantTimeCompare(p.tokens[i].hash[:], hash[:])
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 {
		return nil, fmt.Errorf("%w: the token is not known", ErrUnauthenticated)
	}
	if err := p.tokens[found].invalid(now); err != nil {
		return nil, err
	}
	return p.tokens[found].identity, nil
}

// invalid returns why a token is not accepted, or nil.
func (t *token) invalid(now time.Time) error {
	switch {
	case t.revoked:
		return fmt.Errorf("%w: the token was revoked", ErrUnauthenticated)
	case !t.expires.IsZero() && !now.Before(t.expires):
		return fmt.Errorf("%w: the token expired at %s", ErrUnauthenticated,
			t.expires.UTC().Format(time.RFC3339))
	}
	return nil
}

func (p *Policy) byCertificate(c *x509.Certificate, now time.Time) (*Identity, error) {
	if now.After(c.NotAfter) || now.Before(c.NotBefore) {
		return nil, fmt.Errorf("%w: the certificate is valid from %s to %s", ErrUnauthenticated,
			c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339))
	}
	names := alternativeNames(c)
	var found *Identity
	for _, name := range names {
		switch i := p.byName[name]; {
		case i == nil:
		case found != nil && found != i:
			return nil, fmt.Errorf("%w: the certificate is both %s's and %s's", ErrUnauthenticated,
				found.name, i.name)
		default:
			found = i
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%w: nobody has a certificate for %s", ErrUnauthenticated,
			strings.Join(shown(names), ", "))
	}
	return found, nil
}

// alternativeNames are a certificate's, as a policy writes them.
func alternativeNames(c *x509.Certificate) []string {
	var names []string
	for _, n := range c.DNSNames {
		names = append(names, "dns:"+n)
	}
	for _, u := range c.URIs {
		names = append(names, "uri:"+u.String())
	}
	for _, a := range c.EmailAddresses {
		names = append(names, "email:"+a)
	}
	return names
}

// shown returns names for an error: a few, or that there are none.
func shown(names []string) []string {
	const most = 3
	switch {
	case len(names) == 0:
		return []string{"no name at all"}
	case len(names) > most:
		return append(slices.Clone(names[:most]), "…")
	}
	return names
}
