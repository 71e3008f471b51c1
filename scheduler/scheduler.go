package scheduler

import (
	"fmt"
	"slices"
	"time"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/internal/expiry"
	"github.com/quotasched/quotasched/internal/orderedlist"
)

// A Scheduler is the state of a pool: accounts, requests and workers. It is a state machine that
// neither blocks nor reads a clock; all its results follow from the calls made. It is not safe for
// concurrent use.
//
// Make one with New, NewWithConfig or Restore. Every method of a nil or zero Scheduler panics.
type Scheduler struct {
	now    instant // the newest time given to UpdateTime
	called instant // the one given to it last, which may be older
	config *Config // without its accounts

	// The settings in force, defaults filled in.
	workerExpiration time.Duration
	patience         time.Duration // negative means endless
	burstCover       time.Duration
	promoteAbove     Quota
	demoteBelow      Quota
	owedAfter        time.Duration // negative means never
	lossLimits       lossLimits

	accounts map[AccountID]*account     // those that exist, and those that requests name
	existing orderedlist.List[*account] // those that exist, by id
	requests map[RequestID]*request
	workers  map[WorkerID]*worker
	running  [numLevels]int        // the runs at each level
	cordons  map[WorkerID]string   // the cordoned workers, known or not, with reasons
	expired  map[RequestID]instant // expired, and not yet taken, with their enqueue times
	owing    []*account            // those with ended runs

	labels     *labelTable
	names      []string // memory of MarkIdle
	base, prov lookup   // memory of AddRequest and MarkIdle
	events     eventMaker
	index      *index
	watches    expiry.Queue[instant, *worker] // the idle workers, to find those that expire
	exposures  expiry.Queue[moment, *run]     // runs that nothing protects for some time to come
	byEnqueued orderedlist.List[*request]     // the waiting requests, if requests expire

	// What the next pass looks at anew.
	fresh       []*workerClass    // classes with workers that became idle
	withDirty   []*account        // accounts with dirty lanes
	withActive  map[*account]bool // accounts with active lanes
	activeLanes int
	passes      uint64
	pass        pass      // the present one, or the last
	rest        rest      // what it has left
	idleTable   idleTable // of that pass
	undo        *undoLog  // nil but in a trial

	// What preemption steps have looked at; see pass_preempt_attempt.go.
	victims      recent[victimClass] // runs that others can preempt who could not before
	victimCounts [numLevels]uint64   // their number at each level
	attempts     uint64              // how many there were
}

// New returns a scheduler with the default settings and no accounts. It panics if t is not in the
// years 1970 to 9999; NewWithConfig returns an error instead.
func New(t time.Time) *Scheduler {
	s, err := NewWithConfig(t, &Config{})
	if err != nil {
		panic(err)
	}
	return s
}

// NewWithConfig returns a scheduler with a copy of the settings, whose accounts have balances of
// zero. The error is ErrInvalid for the time and ErrInvalidConfig for the settings.
func NewWithConfig(t time.Time, c *Config) (*Scheduler, error) {
	if err := checkTime("time", t); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := newScheduler(t, c)
	for id, a := range c.Accounts { // the order is free: accounts end up sorted
		if err := s.AddAccount(id, a, Balance{}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// newScheduler returns a scheduler with valid settings and no accounts.
func newScheduler(t time.Time, c *Config) *Scheduler {
	s := &Scheduler{}
	s.begin(instantOf(t), c)
	return s
}

// begin makes s a new scheduler with valid settings and no accounts.
func (s *Scheduler) begin(t instant, c *Config) {
	*s = Scheduler{
		now:        t,
		called:     t,
		accounts:   map[AccountID]*account{},
		requests:   map[RequestID]*request{},
		workers:    map[WorkerID]*worker{},
		cordons:    map[WorkerID]string{},
		expired:    map[RequestID]instant{},
		withActive: map[*account]bool{},
		labels:     newLabelTable(),
	}
	s.setConfig(c)
	s.index = newIndex(s.labels)
}

// setConfig takes a copy of valid settings, without the accounts.
func (s *Scheduler) setConfig(c *Config) {
	s.config = c.clone()
	s.workerExpiration = orDefault(c.WorkerExpiration, DefaultWorkerExpiration)
	s.patience = orDefault(c.ProvisionPatience, DefaultProvisionPatience)
	s.burstCover = max(0, orDefault(c.BurstCover, DefaultBurstCover))
	s.promoteAbove = orDefault(c.PromoteThreshold, DefaultPromoteThreshold)
	s.demoteBelow = orDefault(c.DemoteThreshold, DefaultDemoteThreshold)
	s.owedAfter = orDefault(c.OwedAfter, DefaultOwedAfter)
	s.lossLimits = newLossLimits(c)
}

// checkMade panics if nobody made the scheduler. Every exported method asks it first.
func (s *Scheduler) checkMade() {
	if s == nil || s.config == nil {
		panic("scheduler: a nil or zero Scheduler: make one with New, NewWithConfig or Restore")
	}
}

// UpdateTime moves the scheduler to time t: runs that ended since the last update pay up to their
// ends, the ledger runs up to t, then idle workers not heard of for more than WorkerExpiration are
// forgotten, and requests that have waited for more than RequestExpiration leave (see TakeExpired).
// A t before the newest one is remembered as the time of the call, which confirms what the next
// pass assigns, and does nothing else; one outside the years 1970 to 9999 does nothing. It costs
// O(accounts), and O(log n) for each worker and request that expires, and for each run that comes
// to be protected.
func (s *Scheduler) UpdateTime(t time.Time, e EventSink) {
	s.checkMade()
	defer s.checkInvariants()
	if !check.InRange(t) {
		return
	}
	now := instantOf(t)
	s.called = now
	if now.Before(s.now) {
		return
	}
	s.payEnded(now.millis())
	if millis := now.millis() - s.now.millis(); millis > 0 {
		for a := range s.existing.All() {
			if a.advance(millis) {
				s.disturb()
			}
		}
	}
	s.now = now
	s.protectRuns()
	sink := s.sinkFor(e)
	s.expireWorkers(sink)
	s.expireRequests(sink)
}

// Expired is a request that left by expiration.
type Expired struct {
	Request RequestID
	// EnqueueTime tells this try from another one of the same request.
	EnqueueTime time.Time
}

// TakeExpired returns the requests that expired since the last call, sorted by id.
func (s *Scheduler) TakeExpired() []RequestID {
	var ids []RequestID
	for _, e := range s.TakeExpiredTries() {
		ids = append(ids, e.Request)
	}
	return ids
}

// TakeExpiredTries is TakeExpired, and says which try of each request it was.
func (s *Scheduler) TakeExpiredTries() []Expired {
	s.checkMade()
	if len(s.expired) == 0 {
		return nil
	}
	list := make([]Expired, 0, len(s.expired))
	for _, id := range sortedKeys(s.expired) {
		list = append(list, Expired{id, s.expired[id].time()})
	}
	clear(s.expired)
	return list
}

// AddAccount makes an account, or replaces the settings and balance of one. The settings are
// copied. Tasks that run go on as they do, and a suspension stays; what ended runs have yet to pay
// is forgotten. It costs O(the account's runs and lanes), and O(log n).
//
// The errors are ErrInvalid for an empty id, and ErrInvalidConfig for settings that Validate
// refuses or an initial balance beyond ±2^60 units.
func (s *Scheduler) AddAccount(id AccountID, c *AccountConfig, initial Balance) error {
	return s.checkAndAddAccount(id, c, initial, (*AccountConfig).Validate)
}

// ReplayAddAccount is AddAccount for a record of an AddAccount, which may be older than this
// version: it accepts a rate without a MaxCharge.
func (s *Scheduler) ReplayAddAccount(id AccountID, c *AccountConfig, initial Balance) error {
	return s.checkAndAddAccount(id, c, initial, (*AccountConfig).checkRecorded)
}

func (s *Scheduler) checkAndAddAccount(id AccountID, c *AccountConfig, initial Balance,
	validate func(*AccountConfig) error) error {
	s.checkMade()
	defer s.changed()
	if err := checkID("account id", string(id)); err != nil {
		return err
	}
	if err := validate(c); err != nil {
		return fmt.Errorf("account %s: %w", check.Quote(id), err)
	}
	for p, q := range initial {
		if q > maxInitialQuota || q < -maxInitialQuota {
			return fmt.Errorf("account %s: %w: initial balance %d at p%d is beyond ±2^60",
				check.Quote(id), ErrInvalidConfig, int64(q), p)
		}
	}
	s.addAccount(id, c.clone(), initial)
	return nil
}

func (s *Scheduler) addAccount(id AccountID, c *AccountConfig, b Balance) {
	a := s.account(id)
	if !a.exists() {
		s.existing.Insert(a)
	}
	s.configure(a, c)
	a.balance, a.ended = b, nil
}

// DeleteAccount ends an account, and its suspension. Its requests and tasks go on as free ones, and
// what the tasks have cost is forgotten. The error is ErrInvalid or ErrUnknownAccount. It costs
// O(its runs and lanes).
func (s *Scheduler) DeleteAccount(id AccountID) error {
	s.checkMade()
	defer s.changed()
	a, err := s.knownAccount(id)
	if err != nil {
		return err
	}
	now := s.now.millis()
	for p := range a.runs {
		for _, r := range slices.Collect(a.runs[p].all()) {
			s.leaveLevel(a, r)
			r.level, r.cost, r.paid, r.since = FreeBucket, Balance{}, nil, now
			s.enterLevel(a, r)
		}
	}
	s.existing.Remove(a)
	s.configure(a, nil)
	a.balance, a.ended = Balance{}, nil
	s.setSuspended(a, false, "")
	s.dropIfUnused(a)
	return nil
}

// ResetBalance sets an account's balance to zero at every level, and forgets what its ended runs
// have yet to pay. The error is ErrInvalid or ErrUnknownAccount.
func (s *Scheduler) ResetBalance(id AccountID) error {
	s.checkMade()
	defer s.changed()
	a, err := s.knownAccount(id)
	if err != nil {
		return err
	}
	a.balance, a.ended = Balance{}, nil
	return nil
}

func (s *Scheduler) knownAccount(id AccountID) (*account, error) {
	if err := checkID("account id", string(id)); err != nil {
		return nil, err
	}
	a := s.accounts[id]
	if a == nil || !a.exists() {
		return nil, fmt.Errorf("%w: %s", ErrUnknownAccount, check.Quote(id))
	}
	return a, nil
}
