package simulator

import (
	"context"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Pool is what a run drives: a scheduler and its reconciler, told one operation at a time. Whatever
// a run finds out about a pool, it finds out through this.
type Pool interface {
	// Apply runs one operation and returns what the pool answers. The next operation and answer may
	// use the memory of both again: a pool copies what it keeps of an operation, texts excepted,
	// and a caller what it keeps of an answer.
	Apply(ctx context.Context, op *protos.Operation, e scheduler.EventSink) (*protos.Result, error)
	// Knows says whether the pool has the request, waiting or on a worker.
	Knows(id scheduler.RequestID) bool
	// Hash returns a digest of the scheduler's state.
	Hash() [32]byte
	// Balance returns what an account has, at the time of the last pass, and whether the pool has
	// the account.
	Balance(id scheduler.AccountID) (scheduler.Balance, bool)
	// RunOnce makes a pass of the scheduler alone, at the time of the last one.
	RunOnce(e scheduler.EventSink) []scheduler.Assignment
	// Snapshot returns the whole state, sharing nothing with it.
	Snapshot() *protos.Pool
	// AppendSnapshot appends the bytes of the snapshot, deterministically marshalled, and returns
	// the longer slice.
	AppendSnapshot(b []byte) []byte
	// Restore goes on from the bytes of a snapshot, in place of everything that the pool had,
	// and keeps nothing of them. On an error the pool is as it was.
	Restore(snapshot []byte) error
}

// PoolMaker makes an empty pool with these settings, whose accounts are added by operations. A run
// calls it first for the pool that it drives, and then for pools that go on from its snapshots:
// after a restart of the dispatcher, and, unless Setup.SkipChecks is set, to check that they can.
type PoolMaker func(start time.Time, c *scheduler.Config) (Pool, error)

// NewPool returns an empty pool of this project's scheduler and reconciler.
func NewPool(start time.Time, c *scheduler.Config) (Pool, error) {
	p, err := pool.New(start, c)
	if err != nil {
		return nil, err
	}
	return &realPool{Pool: p}, nil
}

// realPool is what a run can ask a pool of this project.
type realPool struct {
	*pool.Pool
	answer protos.Result // to the latest operation
}

// Apply implements Pool.
func (p *realPool) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	if err := p.ApplyInto(ctx, op, e, &p.answer); err != nil {
		return nil, err
	}
	return &p.answer, nil
}

// Knows implements Pool.
func (p *realPool) Knows(id scheduler.RequestID) bool { return p.Scheduler().Knows(id) }

// Hash implements Pool.
func (p *realPool) Hash() [32]byte { return p.Scheduler().Hash() }

// Balance implements Pool.
func (p *realPool) Balance(id scheduler.AccountID) (scheduler.Balance, bool) {
	return p.Scheduler().Balance(id)
}

// RunOnce implements Pool.
func (p *realPool) RunOnce(e scheduler.EventSink) []scheduler.Assignment {
	return p.Scheduler().RunOnce(e)
}

// Restore implements Pool.
func (p *realPool) Restore(snapshot []byte) error {
	restored, err := pool.RestoreBytes(snapshot)
	if err == nil {
		p.Pool = restored
	}
	return err
}
