package simulator

import (
	"context"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// Pool is what a run drives: a scheduler and its reconciler, told one operation at a time. Whatever
// a run finds out about a pool, it finds out through this.
type Pool interface {
	// Apply runs one operation and returns what the pool answers. The operation's memory is used
	// again for the next one: a pool copies what it keeps of it, texts excepted.
	Apply(ctx context.Context, op *protos.Operation, e scheduler.EventSink) (*protos.Result, error)
	// Knows says whether the pool has the request, waiting or on a worker.
	Knows(id scheduler.RequestID) bool
	// Hash returns a digest of the scheduler's state.
	Hash() [32]byte
	// Balance returns what an account has, at the time of the last pass, and whether the pool has
	// the account.
	Balance(id scheduler.AccountID) (scheduler.Balance, bool)
	// Snapshot returns the whole state, sharing nothing with it.
	Snapshot() *protos.Pool
	// Restore goes on from a snapshot, in place of everything that the pool had. On an error the
	// pool is as it was.
	Restore(snapshot *protos.Pool) error
}

// realPool is a scheduler under a reconciler.
type realPool struct {
	scheduler  *scheduler.Scheduler
	reconciler *reconciler.State
}

// PoolMaker makes an empty pool with these settings, whose accounts are added by operations. A run
// calls it first for the pool that it drives, and then, unless Setup.SkipChecks is set, for pools
// on which it tries snapshots.
type PoolMaker func(start time.Time, c *scheduler.Config) (Pool, error)

// NewPool returns an empty pool of this project's scheduler and reconciler.
func NewPool(start time.Time, c *scheduler.Config) (Pool, error) {
	s, err := scheduler.NewWithConfig(start, c)
	if err != nil {
		return nil, err
	}
	return &realPool{scheduler: s, reconciler: reconciler.New()}, nil
}

// Apply implements Pool.
func (p *realPool) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	return reconciler.Apply(ctx, p.reconciler, p.scheduler, op, e)
}

// Knows implements Pool.
func (p *realPool) Knows(id scheduler.RequestID) bool { return p.scheduler.Knows(id) }

// Hash implements Pool.
func (p *realPool) Hash() [32]byte { return p.scheduler.Hash() }

// Balance implements Pool.
func (p *realPool) Balance(id scheduler.AccountID) (scheduler.Balance, bool) {
	return p.scheduler.Balance(id)
}

// Snapshot implements Pool.
func (p *realPool) Snapshot() *protos.Pool {
	return &protos.Pool{Scheduler: p.scheduler.ToProto(), Reconciler: p.reconciler.ToProto()}
}

// Restore implements Pool.
func (p *realPool) Restore(snapshot *protos.Pool) error {
	s, err := scheduler.NewFromProto(snapshot.GetScheduler())
	if err != nil {
		return err
	}
	r, err := reconciler.Restore(snapshot.GetReconciler())
	if err != nil {
		return err
	}
	p.scheduler, p.reconciler = s, r
	return nil
}
