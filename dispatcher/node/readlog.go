package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
)

const (
	// fetchWait is how long a worker may take to send the first part of a log: one that uses calls
	// alone hears of it with its next report. partWait is how long it may say nothing afterwards: it
	// says every 5 s that it goes on.
	fetchWait, partWait = 30 * time.Second, 15 * time.Second
	// fetchTaking is how long the worker's call waits for a reader to take a part, at most.
	fetchTaking = 20 * time.Second
	// A part of a log has so many bytes at most, and the reason why there is none.
	partBytesMax, failureBytesMax = 64 << 10, 1000
)

// ErrNoAnswer says that a worker did not send a log in time.
var ErrNoAnswer = errors.New("the worker does not send the log")

// ReadLog sends what an attempt of a task wrote; if it follows, also what it writes from now on,
// and what later attempts write, until the task has ended.
func (n *Node) ReadLog(ctx context.Context, r *dispatch.ReadLogRequest,
	send func(*dispatch.ReadLogResponse) error) error {
	if err := n.fresh(ctx, nil); err != nil {
		return err
	}
	l, err := n.leading()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(l.ctx, func() { cancel(ErrNotLeader) })
	defer stop()
	reader := &logReader{lead: l, request: r, send: send}
	if err := reader.read(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	return nil
}

// A logReader reads the logs of a task.
type logReader struct {
	lead    *lead
	request *dispatch.ReadLogRequest
	send    func(*dispatch.ReadLogResponse) error
	newest  int32 // the newest attempt that was read to its end
}

// read reads one attempt after the other.
func (v *logReader) read(ctx context.Context) error {
	r := v.request
	w, err := v.lead.node.watches.add(r.GetPool(), []string{r.GetId()})
	if err != nil {
		return err
	}
	defer v.lead.node.watches.remove(w, r.GetPool(), []string{r.GetId()})
	for {
		t, err := v.lead.node.task(r.GetPool(), r.GetId())
		if err != nil {
			return err
		}
		from, err := v.source(t)
		switch {
		case err != nil && (ended(t) || !r.GetFollow()):
			if v.newest > 0 {
				return nil // what there is was read
			}
			return err
		case err == nil:
			if err := v.fetch(ctx, from); err != nil {
				return err
			}
			if v.newest = from.attempt; !r.GetFollow() || r.GetAttempt() != 0 {
				return nil
			}
			continue // the task may have changed meanwhile
		}
		select {
		case <-w.changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// A logSource is where the log of an attempt is.
type logSource struct {
	attempt int32
	lease   string
	worker  string // the machine
}

// source says where the log to be read next is. The error is a refusal if there is none, or none
// yet.
func (v *logReader) source(t *dispatch.Task) (logSource, error) {
	lease := t.GetLease()
	machine, _, _ := strings.Cut(lease.GetWorker(), "/")
	from := logSource{attempt: t.GetAttempts(), lease: lease.GetId(), worker: machine}
	asked := v.request.GetAttempt()
	switch {
	case asked > t.GetAttempts():
		return from, noLog("attempt %d of task %s: there were %d", asked, t.GetId(), t.GetAttempts())
	case asked != 0 && asked != t.GetAttempts():
		if v.request.GetWorker() == "" {
			return from, noLog("attempt %d of task %s: name the machine that had it, as its events "+
				"say; only the newest attempt's is known here", asked, t.GetId())
		}
		return logSource{attempt: asked, lease: state.LeaseID(t.GetId(), asked),
			worker: v.request.GetWorker()}, nil
	case lease == nil:
		return from, noLog("task %s was never given to a worker: it wrote nothing", t.GetId())
	case lease.GetPhase() == isRejected:
		return from, noLog("attempt %d of task %s did not start: %s", from.attempt, t.GetId(),
			t.GetMessage())
	case lease.GetPhase() < isRunning:
		return from, noLog("attempt %d of task %s has not started", from.attempt, t.GetId())
	case from.attempt == v.newest:
		return from, noLog("attempt %d of task %s was read", from.attempt, t.GetId())
	}
	return from, nil
}

const (
	isRunning  = dispatch.Phase_PHASE_RUNNING
	isRejected = dispatch.Phase_PHASE_REJECTED
)

// noLog is a refusal to read what is not there.
func noLog(format string, args ...any) error {
	return &state.Refusal{Code: uint32(codes.FailedPrecondition), Text: fmt.Sprintf(format, args...)}
}

// fetch has a worker send a log, and passes it on.
func (v *logReader) fetch(ctx context.Context, from logSource) error {
	key := state.WorkerKey{Pool: v.request.GetPool(), Worker: from.worker}
	if !v.lead.sessions.knows(key) {
		return noLog("worker %s, which has the log of %s, is gone or silent", from.worker, from.lease)
	}
	order := &dispatch.Fetch{LeaseId: from.lease, Follow: v.request.GetFollow()}
	if v.newest == 0 { // later attempts are read from their beginning
		order.Offset, order.TailBytes = v.request.GetOffset(), v.request.GetTailBytes()
	}
	for {
		heard, err := v.fetchOnce(ctx, from, order)
		if !heard || !order.GetFollow() || !errors.Is(err, ErrNoAnswer) {
			return err
		}
		// It has sent something, and stopped: another process of the worker is asked for the rest.
	}
}

// fetchOnce asks a worker once, and moves the order on. It reports whether anything was heard.
func (v *logReader) fetchOnce(ctx context.Context, from logSource, order *dispatch.Fetch) (
	heard bool, err error) {
	key := state.WorkerKey{Pool: v.request.GetPool(), Worker: from.worker}
	f, err := v.lead.fetches.begin(key, order)
	if err != nil {
		return false, err
	}
	defer v.lead.fetches.end(f)
	v.lead.sessions.touch([]state.WorkerKey{key})
	wait := fetchWait
	for {
		silence := time.NewTimer(wait)
		select {
		case p := <-f.parts:
			silence.Stop()
			if p.GetFailure() != "" {
				return true, noLog("worker %s: %s", from.worker, p.GetFailure())
			}
			order.Offset, order.TailBytes = p.GetOffset()+int64(len(p.GetData())), 0
			err := v.send(&dispatch.ReadLogResponse{LeaseId: from.lease, Worker: from.worker,
				Offset: p.GetOffset(), Missing: p.GetMissing(), Data: p.GetData()})
			if err != nil || p.GetEnd() {
				return true, err
			}
			heard, wait = true, partWait
		case <-silence.C:
			return heard, fmt.Errorf("%w: nothing came of worker %s for %v", ErrNoAnswer, from.worker,
				wait)
		case <-ctx.Done():
			silence.Stop()
			return heard, context.Cause(ctx)
		}
	}
}

// SendLog takes a part of a log from a worker, and returns when its reader has taken it.
func (n *Node) SendLog(ctx context.Context, r *dispatch.SendLogRequest) (
	*dispatch.SendLogResponse, error) {
	if len(r.GetData()) > partBytesMax || len(r.GetFailure()) > failureBytesMax {
		return nil, &state.Refusal{Code: codeInvalid, Text: fmt.Sprintf("data: %d bytes; failure: %d; "+
			"at most %d and %d", len(r.GetData()), len(r.GetFailure()), partBytesMax, failureBytesMax)}
	}
	l, err := n.leading()
	if err != nil {
		return nil, err
	}
	f, err := l.fetches.take(r.GetPool(), r.GetFetchId())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTaking)
	defer cancel()
	select {
	case f.parts <- r:
		return &dispatch.SendLogResponse{}, nil
	case <-f.left:
		return &dispatch.SendLogResponse{Stop: true}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
