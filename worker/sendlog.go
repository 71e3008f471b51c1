package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
	"github.com/quotasched/quotasched/worker/shim"
)

const (
	// sendersMax is how many logs are sent at once. Further fetches are ignored: the dispatcher asks
	// for fewer.
	sendersMax = 16
	// partBytes is how long a part of a log is at most.
	partBytes = 64 << 10
	// lookEvery is how often a task that is followed is asked for more, and sayEvery how often the
	// dispatcher hears that there is none: its answer says whether anybody still reads.
	lookEvery = 200 * time.Millisecond
	sayEvery  = 5 * time.Second
)

// logSender sends what tasks wrote when somebody wants to read it, by calls of its own. A part is
// sent when the one before was taken, so that it holds one part for each reader.
type logSender struct {
	client dispatchconnect.WorkerServiceClient
	pool   string
	store  *store
	log    *slog.Logger

	mu      sync.Mutex
	running map[string]bool // by id of the fetch
}

// begin reports whether a fetch is new and may be sent. If so, send must follow.
func (s *logSender) begin(f *dispatch.Fetch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[f.GetId()] || len(s.running) >= sendersMax {
		return false
	}
	if s.running == nil {
		s.running = map[string]bool{}
	}
	s.running[f.GetId()] = true
	return true
}

// send sends a log to its end, or until nobody wants more.
func (s *logSender) send(ctx context.Context, f *dispatch.Fetch) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, f.GetId())
	}()
	r := newLogReader(s.store, f)
	said := time.Now()
	for {
		part, err := r.next()
		if err != nil {
			part = &dispatch.SendLogRequest{Failure: err.Error(), End: true}
		}
		if len(part.GetData()) > 0 || part.GetEnd() || time.Since(said) >= sayEvery || r.first {
			part.Pool, part.FetchId = s.pool, f.GetId()
			answer, err := s.client.SendLog(ctx, connect.NewRequest(part))
			if err != nil {
				s.log.Debug("a log is not sent", "lease", f.GetLeaseId(), "error", err)
				return
			}
			if answer.Msg.GetStop() || part.GetEnd() {
				return
			}
			said, r.first = time.Now(), false
		}
		if len(part.GetData()) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
}

// logReader reads what the task of a lease wrote.
type logReader struct {
	store  *store
	fetch  *dispatch.Fetch
	offset int64 // of the next byte; negative before the first one if it counts from the end
	until  int64 // where to end if the task is not followed; negative before the first part
	first  bool  // nothing was sent
}

func newLogReader(s *store, f *dispatch.Fetch) *logReader {
	r := &logReader{store: s, fetch: f, offset: max(0, f.GetOffset()), until: -1, first: true}
	if f.GetTailBytes() > 0 {
		r.offset = -f.GetTailBytes()
	}
	return r
}

// next returns the next part: without data if there is nothing new for now.
func (r *logReader) next() (*dispatch.SendLogRequest, error) {
	dir, ended, ok := r.store.find(r.fetch.GetLeaseId())
	if !ok {
		return nil, fmt.Errorf("it keeps no log of %s any more, or never had one",
			r.fetch.GetLeaseId())
	}
	out, err := shim.ReadOutput(dir, r.offset, partBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist): // it wrote nothing, or moves to the logs that are kept
		return &dispatch.SendLogRequest{Offset: max(0, r.offset), End: r.wroteNothing(ended)}, nil
	case err != nil:
		return nil, err
	}
	if r.until < 0 {
		r.until = out.End
	}
	part := &dispatch.SendLogRequest{Offset: out.Offset, Data: out.Data}
	if r.offset >= 0 {
		part.Missing = max(0, out.Offset-r.offset)
	}
	r.offset = out.Offset + int64(len(out.Data))
	if r.fetch.GetFollow() {
		part.End = ended && r.offset >= out.End
	} else {
		part.End = r.offset >= r.until
	}
	return part, nil
}

// wroteNothing reports whether a lease without output will have none.
func (r *logReader) wroteNothing(ended bool) bool {
	if !ended && r.fetch.GetFollow() {
		return false
	}
	dir, _, ok := r.store.find(r.fetch.GetLeaseId())
	if !ok {
		return true
	}
	_, err := shim.ReadOutput(dir, 0, 0)
	return err != nil
}
