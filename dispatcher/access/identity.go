package access

import "fmt"

// anyName stands for all pools, or for all accounts and tasks without one.
const anyName = "*"

// Identity is somebody who is known, and what they may do. It does not change.
type Identity struct {
	name     string
	operator bool
	all      bool // may do everything
	pools    map[string]grant
	limits   Limits
}

// grant is what an identity may do in a pool.
type grant struct {
	view, worker, mayContinue, admin bool

	accounts    map[string]bool
	anyAccounts bool
}

// Limits are how much an identity may ask for at once.
type Limits struct {
	// CallsPerSecond is how many calls it may begin in a second, in the long run.
	CallsPerSecond float64
	// ConcurrentCalls is how many calls and streams it may have open.
	ConcurrentCalls int
}

// The limits of an identity for which the file has none.
const (
	defaultCallsPerSecond  = 1000
	defaultConcurrentCalls = 1000
)

// Everybody returns the identity of all callers of a server without authentication, which serves
// this machine alone. It may do everything.
func Everybody() *Identity {
	return &Identity{name: "local", all: true, limits: Limits{
		CallsPerSecond: 1e6, ConcurrentCalls: 1e5,
	}}
}

// Name returns what events and logs call it.
func (i *Identity) Name() string { return i.name }

// Limits returns how much it may ask for.
func (i *Identity) Limits() Limits { return i.limits }

// May returns nil if the identity may do that, or an error that wraps ErrDenied and says what is
// missing.
func (i *Identity) May(a Action) error {
	if i.may(a) {
		return nil
	}
	return fmt.Errorf("%w: %s needs %s", ErrDenied, i.name, a.wants())
}

func (i *Identity) may(a Action) bool {
	if i.all || a.Right == Known {
		return true
	}
	if i.operator && (a.Right == Operate || a.Right == View || a.Right == Administer ||
		a.Right == Cancel) {
		return true
	}
	if a.Right == Operate || a.Pool == "" || a.Pool == anyName {
		return false
	}
	return i.pools[a.Pool].may(a) || i.pools[anyName].may(a)
}

// may says whether what is given for one pool is enough.
func (g grant) may(a Action) bool {
	switch a.Right {
	case View:
		return g.view || g.admin || g.anyAccounts || len(g.accounts) > 0
	case Work:
		return g.worker
	case Submit:
		return g.pays(a.Account)
	case Continue:
		return g.mayContinue
	case Cancel:
		return g.admin || g.pays(a.Account)
	case Administer:
		return g.admin
	}
	return false
}

// pays says whether tasks of an account may be submitted.
func (g grant) pays(account string) bool { return g.anyAccounts || g.accounts[account] }
