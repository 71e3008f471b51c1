package node

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

const (
	tickEvery    = time.Second
	silenceEvery = 250 * time.Millisecond
	confirmEvery = time.Minute
	// verifyEvery is how long an answer of a majority that this node leads is good for: half of the
	// log's lease.
	verifyEvery = 150 * time.Millisecond
	// silencedAtOnce is how many workers are given up side by side.
	silencedAtOnce = 256
)

// A lead is what a node does and remembers while it leads. Another lead begins with nothing.
type lead struct {
	node     *Node
	ctx      context.Context // ends with the lead
	term     uint64
	epoch    uint64 // greater than those of all leads before, also of those before a restore
	elected  time.Duration
	clock    replicatedClock
	ids      *ulid.MonotonicEntropy
	proposer *proposer
	sessions *sessions
	fetches  fetches

	verify   sync.Mutex
	verified time.Duration // when a majority was last asked, and said that this node leads
}

// newLead returns a lead that begins now.
func (n *Node) newLead(ctx context.Context) *lead {
	l := &lead{
		node: n, ctx: ctx, term: n.log.Status().Term, elected: n.mono(),
		ids: ulid.Monotonic(rand.Reader, 0), verified: -time.Hour,
	}
	l.proposer = newProposer(n.log, l.seal, n.observer.Proposed)
	l.sessions = &sessions{workers: map[state.WorkerKey]*contact{}, elected: l.elected}
	n.machine.read(func(m *state.Machine) {
		l.epoch = l.term + m.Restored()
		newest := m.Time()
		if m.Index() == 0 {
			newest = time.Time{}
		} else {
			// Ids of tasks have the milliseconds of their entry: those of this lead are greater than all
			// of before.
			newest = newest.Add(time.Millisecond)
		}
		l.clock.start(newest, n.machine.mono, n.wall())
		l.sessions.reconcile(m, l.elected)
	})
	return l
}

// run does a leader's work until its context ends.
func (l *lead) run() {
	l.node.logger.Info("leading", "term", l.term)
	var work sync.WaitGroup
	work.Go(func() { l.proposer.run(l.ctx) })
	work.Go(func() { l.every(tickEvery, l.tick) })
	work.Go(func() { l.every(silenceEvery, l.silence) })
	work.Go(func() { l.every(tickEvery, l.contests) })
	work.Go(func() { l.every(confirmEvery, l.confirmIdle) })
	work.Wait()
	l.node.setAlarm("contested", "")
	l.node.logger.Info("no longer leading", "term", l.term)
}

// every calls f at intervals until the lead ends, or the node serves nobody any more.
func (l *lead) every(interval time.Duration, f func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if l.node.serves() != nil {
				return
			}
			f()
		case <-l.ctx.Done():
			return
		}
	}
}

// seal makes an entry. The proposer calls it for one entry at a time, which may be before the entry
// of the call before is applied.
func (l *lead) seal(commands []*replica.Command) (*replica.Entry, error) {
	e := &replica.Entry{Commands: commands, NodeId: l.node.id,
		RuleVersion: l.node.machine.rules.Load()}
	now := l.clock.now(l.node.mono(), l.node.wall())
	e.Time = timestamppb.New(now)
	for _, c := range commands {
		submit := c.GetSubmitTasks()
		for range submit.GetRequest().GetTasks() {
			id, err := ulid.New(ulid.Timestamp(now), l.ids)
			if err != nil {
				return nil, fmt.Errorf("a task's id: %w", err)
			}
			submit.Ids = append(submit.Ids, id.String())
		}
	}
	return e, nil
}

// propose is the proposer's, for the leader's own commands.
func (l *lead) propose(c *replica.Command) error {
	ctx, cancel := context.WithTimeout(l.ctx, appendTimeout)
	defer cancel()
	r, err := l.proposer.propose(ctx, c)
	if err == nil && r.outcome.GetCode() != 0 {
		err = &state.Refusal{Code: r.outcome.GetCode(), Text: r.outcome.GetError()}
	}
	return err
}

// own logs what became of a command of the leader's own.
func (l *lead) own(what string, err error) {
	if err != nil && l.ctx.Err() == nil {
		l.node.logger.Warn("a command of the leader failed", "command", what, "error", err)
	}
}

// tick lets time go on in the state, and raises the rule version when all members know a newer one.
func (l *lead) tick() {
	var work bool
	var rules uint32
	l.node.machine.read(func(m *state.Machine) {
		due, any := m.NextDue()
		work, rules = m.HasWork() || any && !due.After(l.node.wall()), m.Rules()
	})
	if work {
		l.own("tick", l.propose(&replica.Command{Kind: &replica.Command_Tick{Tick: &replica.Tick{}}}))
	}
	if known := l.node.knownRules(); known > rules {
		l.own("raise_rules", l.propose(&replica.Command{Kind: &replica.Command_RaiseRules{
			RaiseRules: &replica.RaiseRules{RuleVersion: rules + 1}}}))
	}
	if why := l.unfit(); why != nil {
		l.node.logger.Warn("handing over", "reason", why)
		ctx, cancel := context.WithTimeout(l.ctx, appendTimeout)
		defer cancel()
		l.own("transfer", l.node.log.Transfer(ctx, ""))
	}
}

// unfit says why another node should lead; nil if none should, or there is none.
func (l *lead) unfit() error {
	if len(l.node.log.Status().Members) < 2 {
		return nil
	}
	if off, found := l.node.clockOff(); found {
		return fmt.Errorf("the clock is %s off", off)
	}
	return l.node.machine.events.Whole()
}

// confirmIdle confirms the idle slots of all pools, and compares what is remembered with the state.
func (l *lead) confirmIdle() {
	var pools []string
	l.node.machine.read(func(m *state.Machine) {
		pools = ownPools(m)
		l.sessions.reconcile(m, l.node.mono())
	})
	for _, pool := range pools {
		l.own("confirm_idle", l.propose(&replica.Command{Kind: &replica.Command_ConfirmIdle{
			ConfirmIdle: &replica.ConfirmIdle{Pool: pool}}}))
	}
}

// ownPools are the pools whose tasks live here.
func ownPools(m *state.Machine) (pools []string) {
	r := &dispatch.ListPoolsRequest{PageSize: 1000}
	for {
		page, err := m.ListPools(r, func(string) bool { return true })
		if err != nil {
			return pools
		}
		for _, p := range page.GetPools() {
			if !p.GetExternal() && !p.GetStatus().GetFailed() {
				pools = append(pools, p.GetPool())
			}
		}
		if r.PageToken = page.GetNextPageToken(); r.GetPageToken() == "" {
			return pools
		}
	}
}

// silence gives up workers of which nothing was heard for too long.
func (l *lead) silence() {
	var commands errgroup.Group
	commands.SetLimit(silencedAtOnce)
	for _, s := range l.sessions.overdue(l.node.mono()) {
		commands.Go(func() error {
			err := l.propose(&replica.Command{Kind: &replica.Command_SilentWorker{SilentWorker: s}})
			l.own("silent_worker", err)
			if err == nil {
				l.node.logger.Info("a worker was silent", "pool", s.GetPool(), "worker", s.GetWorker())
				l.sessions.givenUp(state.WorkerKey{Pool: s.GetPool(), Worker: s.GetWorker()})
			}
			return nil
		})
	}
	commands.Wait() // its functions return no errors
}

// contests says in the log, and by an alarm, which workers two processes claim to be.
func (l *lead) contests() {
	begun, all := l.sessions.contests()
	for _, c := range begun {
		l.node.logger.Error("two processes claim to be one worker; both are refused", "pool",
			c.GetPool(), "worker", c.GetWorker(), "processes", c.GetInstanceIds())
		l.own("contested_worker", l.propose(&replica.Command{
			Kind: &replica.Command_ContestedWorker{ContestedWorker: c}}))
	}
	text := ""
	if all > 0 {
		text = fmt.Sprintf("%d workers are claimed by two processes each; both are refused", all)
	}
	l.node.setAlarm("contested", text)
}

// confirm returns nil if this node led at some time after the call began, or within half of the
// log's lease before.
func (l *lead) confirm(ctx context.Context) error {
	if l.recent() {
		return nil
	}
	begin := l.node.mono()
	if err := l.node.log.VerifyLeader(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrNotLeader, err)
	}
	l.verify.Lock()
	defer l.verify.Unlock()
	l.verified = max(l.verified, begin)
	return nil
}

func (l *lead) recent() bool {
	l.verify.Lock()
	defer l.verify.Unlock()
	return l.node.mono()-l.verified < verifyEvery
}
