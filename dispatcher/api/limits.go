package api

import (
	"fmt"
	"math"
	"sync"

	"golang.org/x/time/rate"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/dispatcher/access"
)

// limits count what each identity asks for. There are as many as the policy has identities.
type limits struct {
	mu   sync.Mutex
	used map[string]*used
}

// used is what an identity uses.
type used struct {
	rate *rate.Limiter
	open int
}

// begin counts a call of an identity, or refuses it. done ends it.
func (l *limits) begin(i *access.Identity) (done func(), err error) {
	most := i.Limits()
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.used[i.Name()]
	if u == nil {
		u = &used{rate: rate.NewLimiter(0, 0)}
		l.used[i.Name()] = u
	}
	if u.rate.Limit() != rate.Limit(most.CallsPerSecond) { // a new one, or the policy has changed
		u.rate = rate.NewLimiter(rate.Limit(most.CallsPerSecond),
			int(math.Ceil(most.CallsPerSecond)))
	}
	switch {
	case u.open >= most.ConcurrentCalls:
		return nil, connect.NewError(connect.CodeResourceExhausted, fmt.Errorf(
			"%s has %d calls and streams open, as many as it may", i.Name(), u.open))
	case !u.rate.Allow():
		return nil, connect.NewError(connect.CodeResourceExhausted, fmt.Errorf(
			"%s makes more than %v calls a second", i.Name(), most.CallsPerSecond))
	}
	u.open++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		u.open--
	}, nil
}
