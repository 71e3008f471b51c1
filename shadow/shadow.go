package shadow

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/lifecycle"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// A Shadow is a main pool with a second one beside it. Make one with New. Like a pool, it is not
// safe for concurrent use.
type Shadow struct {
	main, beside *pool.Pool
	// settings has the accounts of the shadow's settings as the wire has them, and leftOut those
	// that the main pool had at the beginning, and the shadow was not to have.
	settings map[string]*protos.AccountConfig
	leftOut  map[string]bool

	report   Report
	accounts map[scheduler.AccountID]*Counts
	// What becomes of each pool's requests, and its cancellations.
	mainRequests, besideRequests *lifecycle.Follower
	mainStops, besideStops       stops
}

// New puts a shadow beside a pool. It begins with what the pool is now, under the settings and
// accounts of c, as pool.Reconfigure has it: accounts that the pool has keep their balances, new
// ones begin with what initial has for them. From then on the main pool must change by nothing but
// what the shadow is told, by Step or Follow. The errors are those of pool.Reconfigure. It costs
// about what a snapshot and its restoration do.
func New(main *pool.Pool, c *scheduler.Config,
	initial map[scheduler.AccountID]scheduler.Balance) (*Shadow, error) {
	begin := main.Snapshot()
	mainRequests := lifecycle.New(begin)
	snapshot, err := pool.Reconfigure(begin, c, initial)
	if err != nil {
		return nil, err
	}
	beside, err := pool.Restore(snapshot)
	if err != nil {
		return nil, err
	}
	s := &Shadow{
		main:           main,
		beside:         beside,
		settings:       make(map[string]*protos.AccountConfig, len(c.Accounts)),
		leftOut:        map[string]bool{},
		accounts:       map[scheduler.AccountID]*Counts{},
		mainRequests:   mainRequests,
		besideRequests: lifecycle.New(snapshot),
	}
	for id, account := range c.Accounts { // the order is free: a map again
		s.settings[string(id)] = scheduler.AccountConfigToProto(account)
	}
	for id := range main.Scheduler().Balances() {
		if c.Accounts[id] == nil {
			s.leftOut[string(id)] = true
		}
	}
	return s, nil
}

// Main returns the main pool, for questions.
func (s *Shadow) Main() *pool.Pool { return s.main }

// Pool returns the shadow's own pool, for questions; nil if it has ended.
func (s *Shadow) Pool() *pool.Pool {
	if s.report.Ended != "" {
		return nil
	}
	return s.beside
}

// Step runs one operation on the main pool and returns its outcome and error, exactly as without a
// shadow; and then on the shadow. Whatever happens to the shadow does not reach the caller: if it
// panics, it ends, and its report says so.
func (s *Shadow) Step(ctx context.Context, op *protos.Operation) (*protos.Outcome, error) {
	outcome, err := s.main.Step(ctx, op)
	s.Follow(op, outcome)
	return outcome, err
}

// Follow is the second half of Step, for callers that step the main pool by other means, such as a
// recorder or a replay: it runs an operation that the main pool has just done on the shadow, and
// compares the outcomes.
func (s *Shadow) Follow(op *protos.Operation, main *protos.Outcome) {
	if s.report.Ended != "" {
		return
	}
	defer func() {
		if broken := recover(); broken != nil {
			s.report.Ended = fmt.Sprintf("operation %s: panic: %v",
				words.Number(s.report.Operations), broken)
			s.beside = nil // the panic may have left it half changed
		}
	}()
	s.report.Operations++
	changes := s.mainRequests.Step(op, main)
	told := s.translate(op, main)
	if told == nil {
		s.report.PassedOver++
		return
	}
	// What the main pool accepted may be of a record.
	step := s.beside.Replay
	if main.GetError() != "" {
		step = s.beside.Step
	}
	// Not the caller's context: its logger is for what the main pool has to say.
	outcome, _ := step(context.Background(), told) // a refusal is in the outcome
	s.compareRefusals(op, main, outcome)
	s.compareChanges(op, decidedIn(changes), decidedIn(s.besideRequests.Step(told, outcome)))
	if _, ok := op.GetKind().(*protos.Operation_GetCancellations); ok {
		s.compareCancellations(op, main, outcome)
	}
}

// translate returns an operation as the shadow is told it; nil if it is not.
func (s *Shadow) translate(op *protos.Operation, main *protos.Outcome) *protos.Operation {
	if main.GetError() != "" {
		return op // the shadow refuses it, too, or it is a difference
	}
	switch k := op.GetKind().(type) {
	case *protos.Operation_AddAccount:
		id := k.AddAccount.GetAccountId()
		own := s.settings[id]
		switch {
		case own == nil && s.leftOut[id]:
			return nil
		case own == nil || proto.Equal(own, k.AddAccount.GetConfig()):
			return op
		}
		s.report.Overridden++
		return &protos.Operation{Time: op.GetTime(), Kind: &protos.Operation_AddAccount{
			AddAccount: &protos.AddAccount{AccountId: id, Config: own,
				Balance: k.AddAccount.GetBalance()}}}
	case *protos.Operation_DeleteAccount:
		return s.ifKnown(op, k.DeleteAccount.GetAccountId())
	case *protos.Operation_ResetBalance:
		return s.ifKnown(op, k.ResetBalance.GetAccountId())
	case *protos.Operation_SuspendAccount:
		return s.ifKnown(op, k.SuspendAccount.GetAccountId())
	case *protos.Operation_ResumeAccount:
		return s.ifKnown(op, k.ResumeAccount.GetAccountId())
	case *protos.Operation_UpdateAccount:
		if s.settings[k.UpdateAccount.GetAccountId()] != nil {
			return nil
		}
		return s.ifKnown(op, k.UpdateAccount.GetAccountId())
	case *protos.Operation_Configure:
		return nil
	}
	return op
}

// ifKnown returns the operation if the shadow has the account.
func (s *Shadow) ifKnown(op *protos.Operation, id string) *protos.Operation {
	if _, ok := s.beside.Scheduler().Balance(scheduler.AccountID(id)); !ok {
		return nil
	}
	return op
}
