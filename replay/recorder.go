package replay

import (
	"context"
	"fmt"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// RecorderOptions say what a recorder keeps besides the operations and their outcomes' hashes.
type RecorderOptions struct {
	// StateEvery is after how many steps the hash of the whole state is kept, each time; 1 is after
	// each step, and 0 never. A hash costs O(n log n) in what the pool stores.
	StateEvery uint64
	// Outcomes keeps whole outcomes, so that a difference can be shown in full. Journals are then a
	// few times as large.
	Outcomes bool
}

// A Recorder passes operations on to a pool, and appends them to a journal with their outcomes.
// Whatever changes the pool by another way is not in the journal, and the replay will differ.
type Recorder struct {
	pool    *pool.Pool
	journal *journal.Writer
	options RecorderOptions
	err     error // of the journal
}

// NewRecorder returns a recorder of a pool. The journal must have led to the pool's state: it has
// just been begun with the pool's snapshot, or the pool comes from a replay of it.
func NewRecorder(p *pool.Pool, w *journal.Writer, o RecorderOptions) *Recorder {
	return &Recorder{pool: p, journal: w, options: o}
}

// Pool returns the pool, for questions.
func (r *Recorder) Pool() *pool.Pool { return r.pool }

// Step runs one operation and returns its outcome and error, as pool.Step does. An operation that
// the pool refuses is recorded like others.
//
// If the journal fails, the error is the journal's, and Err returns it too. The pool has then done
// the operation, and the journal may not have it: from then on the recorder does nothing but return
// that error. Whether the step is on the disk is for the journal's Flush and Sync.
func (r *Recorder) Step(ctx context.Context, op *protos.Operation) (*protos.Outcome, error) {
	if r.err != nil {
		return nil, r.err
	}
	outcome, refused := r.pool.Step(ctx, op)
	if err := r.append(op, outcome); err != nil {
		return outcome, err
	}
	return outcome, refused
}

// Apply is Step for callers with an event sink. The sink may keep the events, but not change
// them.
func (r *Recorder) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	if r.err != nil {
		return nil, r.err
	}
	both := &tee{sink: e}
	result, refused := r.pool.Apply(ctx, op, both)
	if err := r.append(op, pool.OutcomeOf(result, both.events, refused)); err != nil {
		return result, err
	}
	return result, refused
}

// Err returns the error of the journal that ended the recording; nil if there is none.
func (r *Recorder) Err() error { return r.err }

// append appends a step to the journal.
func (r *Recorder) append(op *protos.Operation, outcome *protos.Outcome) error {
	hash := pool.Digest(outcome)
	step := &protos.JournalStep{Number: r.journal.Last() + 1, Operation: op, OutcomeHash: hash[:]}
	if r.options.Outcomes {
		step.Outcome = outcome
	}
	if every := r.options.StateEvery; every > 0 && step.Number%every == 0 {
		state := r.pool.Hash()
		step.StateHash = state[:]
	}
	if err := r.journal.Append(step); err != nil {
		r.err = fmt.Errorf("journal, step %s: %w", words.Number(step.Number), err)
	}
	return r.err
}

// tee keeps events and passes them on.
type tee struct {
	events []*protos.TaskEvent
	sink   scheduler.EventSink // nil for none
}

// AddEvent implements scheduler.EventSink.
func (t *tee) AddEvent(e *protos.TaskEvent) {
	t.events = append(t.events, e)
	if t.sink != nil {
		t.sink.AddEvent(e)
	}
}
