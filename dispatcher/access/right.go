package access

import (
	"errors"
	"fmt"
)

// ErrDenied says that an identity may not do what it asked for. Its text says what is missing.
var ErrDenied = errors.New("permission denied")

// Right is a kind of thing to do.
type Right int

// The rights, each with the roles that give it.
const (
	// View is to look at a pool: view, submit to any account, admin, operator.
	View Right = iota + 1
	// Work is to be a worker of a pool, or the dispatcher that owns an external one: worker.
	Work
	// Submit is to submit tasks to an account: submit with that account.
	Submit
	// Continue is to submit tasks that go on without a dispatcher: continue.
	Continue
	// Cancel is to cancel a task of an account: submit with that account, admin, operator.
	Cancel
	// Administer is to change a pool: admin, operator.
	Administer
	// Operate is to change the cluster, or which pools there are: operator.
	Operate
	// Known is to be anybody that is known: every identity.
	Known
)

// Action is one thing that a call would do.
type Action struct {
	// Right is what is needed.
	Right Right
	// Pool is the pool concerned; empty for Operate and Known.
	Pool string
	// Account is the account concerned, of Submit and Cancel; empty for tasks without one.
	Account string
}

// wants says in words what an action needs.
func (a Action) wants() string {
	switch a.Right {
	case View:
		return fmt.Sprintf("the role view of pool %q", a.Pool)
	case Work:
		return fmt.Sprintf("the role worker of pool %q", a.Pool)
	case Submit:
		return fmt.Sprintf("the role submit for %s of pool %q", accountText(a.Account), a.Pool)
	case Continue:
		return fmt.Sprintf("the role continue of pool %q", a.Pool)
	case Cancel:
		return fmt.Sprintf("the role submit for %s of pool %q, or admin", accountText(a.Account), a.Pool)
	case Administer:
		return fmt.Sprintf("the role admin of pool %q", a.Pool)
	case Operate:
		return "the role operator"
	}
	return "a role that does not exist"
}

func accountText(account string) string {
	if account == "" {
		return "tasks without an account"
	}
	return fmt.Sprintf("account %q", account)
}
