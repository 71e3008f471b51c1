package plan

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// ErrNothing is a record in which nothing happens after the snapshot.
var ErrNothing = errors.New("nothing was recorded after the snapshot")

// Settings are those of a pool, as it is to be.
type Settings struct {
	// Name is for people, such as a file's.
	Name string
	// Config has the settings and the accounts.
	Config *scheduler.Config
	// Balances is what accounts begin with that the recorded pool does not have.
	Balances map[scheduler.AccountID]scheduler.Balance
}

// aboutBalances is an assumption of every plan.
const aboutBalances = "Accounts begin with the balances that they had, also above new caps; " +
	"those that are new begin with what the settings say."

// Input is what a plan is made from.
type Input struct {
	// Snapshot is the recorded pool at the beginning, after Steps steps of History, which has all
	// steps.
	Snapshot *protos.Pool
	History  *history.History
	Steps    int64
	// Old and New are the settings to compare.
	Old, New Settings
	// Thresholds say which changes are too much.
	Thresholds []Threshold
	// Progress, if not nil, is told how far each of the two forks, 0 and 1, has come.
	Progress func(forks int, at time.Time)
}

// Make makes a plan. Its errors are those of pool.Reconfigure, with the name of the settings,
// fork.ErrInvalid, ErrNothing, ErrThreshold for one whose account nobody knows, or that of the
// context. The same input gives the same plan, to the last byte.
func Make(ctx context.Context, in *Input) (*Plan, error) {
	for _, s := range []*Settings{&in.Old, &in.New} {
		if err := s.Config.Validate(); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	if err := in.checkThresholds(); err != nil {
		return nil, err
	}
	world, assumptions := in.History.World(in.Snapshot, in.Steps)
	end := in.History.End
	if !end.After(world.Begin) {
		return nil, ErrNothing
	}
	var sides [2]*tally
	asRecorded := false
	for i, s := range []*Settings{&in.Old, &in.New} {
		snapshot, err := in.begin(s)
		if err == nil {
			sides[i], err = in.side(ctx, snapshot, s, world, end, i)
		}
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		asRecorded = asRecorded || i == 0 && sameSettings(snapshot, in.Snapshot)
	}
	p := &Plan{
		Version:       Version,
		Old:           in.Old.Name,
		New:           in.New.Name,
		Begin:         world.Begin,
		End:           end.UTC(),
		World:         *assumptions,
		OldAsRecorded: asRecorded,
		Assumptions:   append([]string{aboutBalances}, assumptions.Sentences()...),
		Accounts:      []Change{},
		Differences:   []Difference{},
		Broken:        []Breach{},
	}
	p.Fidelity = fidelityOf(in.History, sides[0], end)
	p.compare(sides[0], sides[1])
	p.judge(in.Thresholds)
	return p, nil
}

// checkThresholds returns an error for a threshold whose account nobody knows.
func (in *Input) checkThresholds() error {
	known := map[scheduler.AccountID]bool{}
	for _, r := range in.History.Requests {
		known[r.Content.Account] = true
	}
	for i := range in.Thresholds {
		t := &in.Thresholds[i]
		if t.metric == nil {
			return fmt.Errorf("%w: one that ParseThreshold did not make", ErrThreshold)
		}
		if t.each || t.all || known[t.account] || in.Old.Config.Accounts[t.account] != nil ||
			in.New.Config.Accounts[t.account] != nil {
			continue
		}
		return t.wrong("there is no account %q: neither a request nor the settings have it",
			t.account)
	}
	return nil
}

// begin returns the snapshot that a fork under the settings begins with.
func (in *Input) begin(s *Settings) (*protos.Pool, error) {
	initial := map[scheduler.AccountID]scheduler.Balance{}
	for id, b := range s.Balances { // the order is free: a map again
		if s.Config.Accounts[id] != nil {
			initial[id] = b
		}
	}
	return pool.Reconfigure(in.Snapshot, s.Config, initial)
}

// sameSettings reports whether two snapshots have the same settings, accounts and balances, but for
// what is for people.
func sameSettings(a, b *protos.Pool) bool {
	settings := func(p *protos.Pool) [sha256.Size]byte {
		s := &protos.Scheduler{Config: p.GetScheduler().GetConfig()}
		for _, account := range p.GetScheduler().GetAccounts() {
			account = proto.CloneOf(account)
			account.Config.Description = ""
			s.Accounts = append(s.Accounts, account)
		}
		return pool.Digest(s)
	}
	return settings(a) == settings(b)
}

// side runs the fork under one of the settings.
func (in *Input) side(ctx context.Context, snapshot *protos.Pool, s *Settings, world *fork.World,
	end time.Time, number int) (*tally, error) {
	begin, err := pool.Restore(snapshot)
	if err != nil {
		return nil, err
	}
	t := newTally(snapshot, begin.Scheduler(), world.Begin)
	if in.Progress != nil {
		t.progress = func(at time.Time) { in.Progress(number, at) }
	}
	_, err = fork.Run(ctx, snapshot, world, fork.Options{Until: end, Observe: t.observe, Events: t})
	if err != nil {
		return nil, err
	}
	t.close(end)
	return t, nil
}

// compare fills in what differs, account by account.
func (p *Plan) compare(from, to *tally) {
	ids := map[scheduler.AccountID]bool{}
	for _, t := range []*tally{from, to} {
		for id, s := range t.accounts { // the order is free: a set
			if len(s.waits) > 0 {
				ids[id] = true
			}
		}
	}
	var all [2]sums
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		a, b := from.sumsOf(id), to.sumsOf(id)
		all[0].add(a)
		all[1].add(b)
		p.Accounts = append(p.Accounts, changeOf(id, a, b))
	}
	p.All = changeOf("", &all[0], &all[1])
	slices.SortStableFunc(p.Accounts, func(a, b Change) int {
		return cmp.Compare(b.HarmSeconds, a.HarmSeconds)
	})
	p.differ(&p.All, true)
	for i := range p.Accounts {
		p.differ(&p.Accounts[i], false)
	}
}

// differ lists the metrics in which an account's figures differ.
func (p *Plan) differ(c *Change, all bool) {
	for i := range metrics {
		m := &metrics[i]
		if from, to := m.of(&c.Old), m.of(&c.New); from != to {
			p.Differences = append(p.Differences, Difference{Account: c.Account, AllAccounts: all,
				Metric: m.name, Old: from, New: to})
		}
	}
}

// judge finds the thresholds that are broken, each in the order of the accounts.
func (p *Plan) judge(thresholds []Threshold) {
	for i := range thresholds {
		t := &thresholds[i]
		if t.all {
			p.judgeOne(t, &p.All)
		}
		for j := range p.Accounts {
			if c := &p.Accounts[j]; t.each || !t.all && c.Account == t.account {
				p.judgeOne(t, c)
			}
		}
	}
}

func (p *Plan) judgeOne(t *Threshold, c *Change) {
	from, to := t.metric.of(&c.Old), t.metric.of(&c.New)
	if t.Breaks(from, to) {
		p.Broken = append(p.Broken, Breach{Threshold: t.text, Account: c.Account,
			AllAccounts: t.all, Metric: t.metric.name, Old: from, New: to})
	}
}
