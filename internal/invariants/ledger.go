package invariants

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/protos"
)

// levels is the number of paid levels; free is the one after the last.
const (
	levels = 5
	free   = levels
)

// largest bounds every amount.
const largest = 1 << 62

// vector is an amount at each paid level.
type vector [levels]int64

// account is what the ledger knows of an account.
type account struct {
	id        string
	rate, cap vector
	balance   vector
	config    *protos.AccountConfig
	// safeAfter is the account's own limit of lost work; 0 if it has none.
	safeAfter time.Duration
	// ended are its runs that ended by news, and have yet to pay.
	ended []endedRun
	// runs is the ledger's count of its runs.
	runs *[levels + 1]int64
}

// endedRun is a paid run that ended by news, at a time in milliseconds.
type endedRun struct {
	level int32
	end   int64
}

// ledger recomputes what each account has.
type ledger struct {
	// now is the time up to which everything is earned and paid, in milliseconds.
	now int64
	// newest is the newest time that was given to the pool.
	newest time.Time
	// called is the time of the last call that moves the pool, which may be before the newest.
	called   time.Time
	accounts map[string]*account
	// inOrder has the accounts in the order in which they came.
	inOrder []*account
	// runs counts the runs of each account, existing or not, at each level and in the free
	// bucket.
	runs map[string]*[levels + 1]int64
}

func newLedger() *ledger {
	return &ledger{accounts: map[string]*account{}, runs: map[string]*[levels + 1]int64{}}
}

// read takes accounts and runs from a snapshot.
func (l *ledger) read(p *picture) {
	l.newest = p.now
	l.called = p.tables.GetCallTime().AsTime()
	l.now = p.now.UnixMilli()
	for id, a := range p.accounts {
		l.setAccount(id, a.GetConfig(), a.GetBalance())
		for _, r := range a.GetEndedRuns() {
			l.accounts[id].ended = append(l.accounts[id].ended,
				endedRun{r.GetPriority(), millis(r.GetEndTime())})
		}
	}
	for _, at := range p.requests {
		if at.run != nil {
			l.count(at.account, at.run.GetPriority(), 1)
		}
	}
}

// setAccount makes or replaces an account.
func (l *ledger) setAccount(id string, c *protos.AccountConfig, balance []int64) {
	a := &account{id: id, runs: l.runsOf(id)}
	copy(a.balance[:], balance)
	a.set(c)
	l.dropAccount(id)
	l.accounts[id] = a
	l.inOrder = append(l.inOrder, a)
}

// set gives an account settings.
func (a *account) set(c *protos.AccountConfig) {
	a.config = proto.CloneOf(c)
	a.rate = vector{}
	copy(a.rate[:], c.GetChargeRate())
	for p := range a.cap {
		a.cap[p] = a.rate[p] * c.GetMaxCharge().AsDuration().Milliseconds()
	}
	a.safeAfter = c.GetSafeAfter().AsDuration()
}

// reset takes all that an account has, and what it has yet to pay.
func (a *account) reset() { a.balance, a.ended = vector{}, nil }

// dropAccount forgets an account, if it exists.
func (l *ledger) dropAccount(id string) {
	if l.accounts[id] == nil {
		return
	}
	delete(l.accounts, id)
	l.inOrder = slices.DeleteFunc(l.inOrder, func(a *account) bool { return a.id == id })
}

// runsOf returns the count of an account's runs, existing or not.
func (l *ledger) runsOf(id string) *[levels + 1]int64 {
	if l.runs[id] == nil {
		l.runs[id] = &[levels + 1]int64{}
	}
	return l.runs[id]
}

// count adds n to the account's runs at a level.
func (l *ledger) count(id string, level int32, n int64) {
	l.runsOf(id)[level] += n
}

// move lets all accounts earn and pay up to t, unless that is in the past.
func (l *ledger) move(t time.Time) {
	l.called = t
	if t.Before(l.newest) {
		return
	}
	l.newest = t
	millis := t.UnixMilli() - l.now
	for _, a := range l.inOrder {
		for _, r := range a.ended {
			paid := 1000 * (min(r.end, t.UnixMilli()) - l.now)
			a.balance[r.level] = saturate(a.balance[r.level], -paid)
		}
		a.ended = nil
	}
	l.now = t.UnixMilli()
	for _, a := range l.inOrder {
		for p := range a.balance {
			if a.runs[p] == 0 && (a.rate[p] == 0 || a.balance[p] >= a.cap[p]) {
				continue // it neither earns nor pays
			}
			terms := reference.Terms{Rate: a.rate[p], Cap: a.cap[p], Runs: a.runs[p]}
			a.balance[p] = terms.Leap(a.balance[p], millis)
		}
	}
}

// add changes the balance of an account, if it exists, by sign times an amount.
func (l *ledger) add(id string, sign int64, amount vector) {
	a := l.accounts[id]
	if a == nil {
		return
	}
	for p := range a.balance {
		a.balance[p] = saturate(a.balance[p], sign*amount[p])
	}
}

// endByNews notes that a paid run ended at a time, up to which its account has to pay.
func (l *ledger) endByNews(id string, level int32, t time.Time) {
	if a := l.accounts[id]; a != nil && level < free && t.UnixMilli() > l.now {
		a.ended = append(a.ended, endedRun{level, t.UnixMilli()})
	}
}

// costOf is what a task on a worker has cost up to now.
func (l *ledger) costOf(t *task) vector {
	cost := t.cost
	if t.level < free {
		cost[t.level] = saturate(cost[t.level], 1000*(l.now-t.paidSince))
	}
	return cost
}

// ownPayment is the part of the cost that did not go to another account.
func (l *ledger) ownPayment(t *task) vector {
	own := l.costOf(t)
	for p := range own {
		own[p] -= t.preemptionCost[p]
	}
	return own
}

// checkEvent compares the balance that an event tells with the ledger.
func (l *ledger) checkEvent(ev *protos.TaskEvent) error {
	if ev.GetRequestId() == "" && ev.GetAccountId() == "" {
		return nil
	}
	a := l.accounts[ev.GetAccountId()]
	if ev.GetAccountValid() != (a != nil) {
		return broken(Conserved, "%v of %q says that account %q exists: %v", ev.GetType(),
			ev.GetRequestId(), ev.GetAccountId(), ev.GetAccountValid())
	}
	if a != nil && !slices.Equal(ev.GetAccountBalance(), a.balance[:]) {
		return broken(Conserved, "%v of %q: account %q has %v, should have %v", ev.GetType(),
			ev.GetRequestId(), ev.GetAccountId(), ev.GetAccountBalance(), a.balance)
	}
	return nil
}

// compare says where a snapshot has other balances or costs than the ledger.
func (l *ledger) compare(p *picture, s *story) error {
	if !p.now.Equal(l.newest) {
		return broken(Conserved, "the time is %v, should be %v", p.now, l.newest)
	}
	if called := p.tables.GetCallTime().AsTime(); !called.Equal(l.called) {
		return broken(Conserved, "the last call was at %v, should be %v", called, l.called)
	}
	if len(p.accounts) != len(l.accounts) {
		return broken(Conserved, "%d accounts, should be %d", len(p.accounts), len(l.accounts))
	}
	for id, a := range l.accounts {
		if got := p.accounts[id].GetBalance(); !slices.Equal(got, a.balance[:]) {
			return broken(Conserved, "account %q has %v, should have %v", id, got, a.balance)
		}
		if !a.owes(p.accounts[id].GetEndedRuns()) {
			return broken(Conserved, "account %q has yet to pay for %v, should be %v", id,
				p.accounts[id].GetEndedRuns(), a.ended)
		}
	}
	for id, at := range p.requests {
		t := s.tasks[id]
		if at.run == nil {
			continue
		}
		r := at.run
		if !slices.Equal(r.GetCost(), t.cost[:]) ||
			!slices.Equal(r.GetPreemptionCost(), t.preemptionCost[:]) ||
			r.GetPaidSince().AsTime().UnixMilli() != t.paidSince ||
			millis(r.GetHandOutTime()) != t.handedOut || millis(r.GetSavedTime()) != t.saved {
			return broken(Conserved, "the run of %q is %v, should be %+v", id, r, *t)
		}
	}
	return nil
}

// owes says whether an account has to pay for exactly these runs.
func (a *account) owes(runs []*protos.EndedRun) bool {
	slices.SortFunc(a.ended, func(x, y endedRun) int {
		return cmp.Or(cmp.Compare(x.level, y.level), cmp.Compare(x.end, y.end))
	})
	return slices.EqualFunc(a.ended, runs, func(x endedRun, y *protos.EndedRun) bool {
		return x.level == y.GetPriority() && x.end == millis(y.GetEndTime())
	})
}

// saturate adds two amounts within ±2^62, staying there.
func saturate(a, b int64) int64 {
	switch {
	case b > 0 && a > largest-b:
		return largest
	case b < 0 && a < -largest-b:
		return -largest
	}
	return a + b
}
