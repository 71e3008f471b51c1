package simulator

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/scheduler"
)

// A Recording makes the pools of one run, and keeps a journal of the one that the run drives.
type Recording struct {
	begin   func(snapshot *protos.Pool) (*journal.Writer, error)
	options replay.RecorderOptions
	driven  *recordedPool
	err     error
}

// NewRecording returns a recording. The function is called once, with the snapshot of the pool
// before the run's first operation, and begins the journal, which the caller closes after the run.
func NewRecording(begin func(snapshot *protos.Pool) (*journal.Writer, error),
	o replay.RecorderOptions) *Recording {
	return &Recording{begin: begin, options: o}
}

// NewPool is the run's PoolMaker. The first pool is recorded, as that is the one that the run
// drives; the others are not.
func (r *Recording) NewPool(start time.Time, c *scheduler.Config) (Pool, error) {
	p, err := pool.New(start, c)
	if err != nil {
		return nil, err
	}
	if r.driven != nil {
		return &realPool{Pool: p}, nil
	}
	w, err := r.begin(p.Snapshot())
	if err != nil {
		r.err = err
		return nil, err
	}
	r.driven = &recordedPool{realPool: realPool{Pool: p}, recording: r,
		recorder: replay.NewRecorder(p, w, r.options)}
	return r.driven, nil
}

// Err returns what went wrong with the recording, and not with the run; nil if nothing did.
func (r *Recording) Err() error {
	if r.err == nil && r.driven != nil {
		return r.driven.recorder.Err()
	}
	return r.err
}

// recordedPool is a pool that is recorded.
type recordedPool struct {
	realPool
	recorder  *replay.Recorder
	recording *Recording
}

// Apply implements Pool.
func (p *recordedPool) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	return p.recorder.Apply(ctx, op, e)
}

// errGoesBack is a run that restores another state than the one at hand.
var errGoesBack = errors.New("the run goes on from an older state, which a journal cannot say")

// Restore implements Pool. A run restores the state that its pool has, so nothing is to be done.
func (p *recordedPool) Restore(snapshot []byte) error {
	if !bytes.Equal(snapshot, p.AppendSnapshot(nil)) {
		p.recording.err = errGoesBack
		return errGoesBack
	}
	return nil
}
