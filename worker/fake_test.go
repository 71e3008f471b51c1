package worker_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// fake is a dispatcher of one worker, behind the real handlers and a network that tests cut. All
// its connections are in memory, so that it lives in virtual time.
type fake struct {
	ttl   time.Duration
	cause error // what calls are refused with, if it is not nil

	mu       sync.Mutex
	epoch    uint64
	mute     bool // reports are taken and not answered
	noStream bool
	garbage  bool // answers say nothing
	runs     map[string]*dispatch.Run
	stops    map[string]*dispatch.Stop
	recorded map[string]bool
	withhold bool // recorded is not said
	directs  dispatch.Orders_Directive
	spoken   map[string]bool // leases of which something was said, and that have not ended
	reports  []*dispatch.Report
	ends     map[string]*dispatch.LeaseReport
	changed  chan struct{} // closed and made anew at each change
	fetches  map[string]*dispatch.Fetch
	logs     map[string]*sentLog // by id of the fetch
	conns    []net.Conn
	dials    int
	cut      bool // nobody can connect
}

func newFake(ttl time.Duration) *fake {
	return &fake{
		ttl: ttl, epoch: 1, runs: map[string]*dispatch.Run{}, stops: map[string]*dispatch.Stop{},
		recorded: map[string]bool{}, ends: map[string]*dispatch.LeaseReport{},
		spoken: map[string]bool{}, changed: make(chan struct{}),
		fetches: map[string]*dispatch.Fetch{}, logs: map[string]*sentLog{},
	}
}

// change changes what the dispatcher wants, and has it said.
func (f *fake) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	f.wake()
}

// wake has all sessions look what is to be said. f.mu is held.
func (f *fake) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fake) give(lease string, slot int32, task *dispatch.TaskSpec) {
	f.change(func() {
		f.runs[lease] = &dispatch.Run{LeaseId: lease, Slot: slot, Task: task}
	})
}

func (f *fake) stop(lease string, grace time.Duration) {
	f.change(func() {
		delete(f.runs, lease)
		f.stops[lease] = &dispatch.Stop{LeaseId: lease, Grace: durationpb.New(grace)}
	})
}

// hear takes in a report.
func (f *fake) hear(r *dispatch.Report) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.reports); n > 0 && f.reports[n-1].GetInstanceId() == r.GetInstanceId() &&
		f.reports[n-1].GetSequence() > r.GetSequence() {
		return // late
	}
	f.reports = append(f.reports, r)
	said := map[string]bool{}
	for _, l := range r.GetLeases() {
		said[l.GetLeaseId()] = true
		f.spoken[l.GetLeaseId()] = true
		if l.GetPhase() >= dispatch.Phase_PHASE_FINISHED {
			delete(f.spoken, l.GetLeaseId())
			delete(f.runs, l.GetLeaseId())
			delete(f.stops, l.GetLeaseId())
			if f.ends[l.GetLeaseId()] == nil {
				f.ends[l.GetLeaseId()] = l
			}
			f.recorded[l.GetLeaseId()] = true
		}
	}
	for id := range f.spoken {
		if !said[id] { // the worker knows nothing of it any more
			delete(f.spoken, id)
			delete(f.runs, id)
			f.ends[id] = &dispatch.LeaseReport{LeaseId: id, Phase: dispatch.Phase_PHASE_LOST}
		}
	}
	maps.DeleteFunc(f.recorded, func(id string, _ bool) bool { return !said[id] })
	f.wake()
}

// orders returns all that there is to do.
func (f *fake) orders(answers uint64) *dispatch.Orders {
	o := &dispatch.Orders{
		Epoch: f.epoch, Kind: dispatch.Orders_KIND_COMPLETE, Answers: answers,
		LeaseTtl: durationpb.New(f.ttl), NextReport: durationpb.New(f.ttl / 3),
		Directive: f.directs,
	}
	for _, id := range slices.Sorted(maps.Keys(f.runs)) {
		o.Runs = append(o.Runs, f.runs[id])
	}
	for _, id := range slices.Sorted(maps.Keys(f.stops)) {
		o.Stops = append(o.Stops, f.stops[id])
	}
	for _, id := range slices.Sorted(maps.Keys(f.fetches)) {
		o.Fetches = append(o.Fetches, f.fetches[id])
	}
	if !f.withhold {
		o.Recorded = slices.Sorted(maps.Keys(f.recorded))
	}
	return o
}

// Session implements WorkerServiceHandler.
func (f *fake) Session(ctx context.Context,
	stream *connect.BidiStream[dispatch.SessionRequest, dispatch.SessionResponse]) error {
	f.mu.Lock()
	refused := f.noStream
	f.mu.Unlock()
	if refused {
		return connect.NewError(connect.CodeUnimplemented, fmt.Errorf("no streams here"))
	}
	if f.cause != nil {
		return f.cause
	}
	reports, failed := make(chan *dispatch.Report), make(chan error, 1)
	go func() {
		for {
			r, err := stream.Receive()
			if err != nil {
				failed <- err
				return
			}
			select {
			case reports <- r.GetReport():
			case <-ctx.Done():
				return
			}
		}
	}()
	answers, version, last := uint64(0), uint64(0), ""
	for {
		f.mu.Lock()
		changed, mute := f.changed, f.mute
		o := f.orders(answers)
		if f.garbage {
			o = &dispatch.Orders{Epoch: answers % 2, Kind: dispatch.Orders_Kind(answers % 5)}
			if answers%2 == 0 {
				o = nil
			}
		}
		f.mu.Unlock()
		if text := o.String(); text != last && answers > 0 && !mute {
			version, last = version+1, text
			if o != nil {
				o.ResultsIn = version
			}
			if err := stream.Send(&dispatch.SessionResponse{Orders: o}); err != nil {
				return err
			}
		}
		select {
		case r := <-reports:
			f.hear(r)
			answers = r.GetSequence()
		case <-changed:
		case err := <-failed:
			return err
		}
	}
}

// Sync implements WorkerServiceHandler.
func (f *fake) Sync(ctx context.Context, r *connect.Request[dispatch.SyncRequest]) (
	*connect.Response[dispatch.SyncResponse], error) {
	f.hear(r.Msg.GetReport())
	end := time.After(f.ttl / 3)
	for waited := false; ; {
		f.mu.Lock()
		changed := f.changed
		o := f.orders(r.Msg.GetReport().GetSequence())
		f.mu.Unlock()
		if len(o.GetRuns())+len(o.GetStops())+len(o.GetRecorded())+len(o.GetFetches()) > 0 || waited {
			if waited {
				o.NextReport = durationpb.New(0)
			}
			return connect.NewResponse(&dispatch.SyncResponse{Orders: o}), nil
		}
		select {
		case <-changed:
		case <-end:
			waited = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// sentLog is what a worker has sent of a log.
type sentLog struct {
	text    string
	missing int64
	failure string
	ended   bool
	parts   int
	blocked chan struct{} // if not nil, the reader takes nothing until it is closed
}

// fetch asks for a log.
func (f *fake) fetch(o *dispatch.Fetch, blocked chan struct{}) *sentLog {
	l := &sentLog{blocked: blocked}
	f.change(func() { f.fetches[o.GetId()], f.logs[o.GetId()] = o, l })
	return l
}

// sent returns what was sent of a log until now.
func (f *fake) sent(l *sentLog) sentLog {
	f.mu.Lock()
	defer f.mu.Unlock()
	return *l
}

// result returns how a lease ended, as the worker has said it.
func (f *fake) result(lease string) *dispatch.Result {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ends[lease].GetResult()
}

// SendLog implements WorkerServiceHandler.
func (f *fake) SendLog(ctx context.Context, r *connect.Request[dispatch.SendLogRequest]) (
	*connect.Response[dispatch.SendLogResponse], error) {
	f.mu.Lock()
	l := f.logs[r.Msg.GetFetchId()]
	delete(f.fetches, r.Msg.GetFetchId())
	f.mu.Unlock()
	if l == nil {
		return connect.NewResponse(&dispatch.SendLogResponse{Stop: true}), nil
	}
	if l.blocked != nil {
		select {
		case <-l.blocked:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	l.text += string(r.Msg.GetData())
	l.missing += r.Msg.GetMissing()
	l.failure, l.ended, l.parts = r.Msg.GetFailure(), r.Msg.GetEnd(), l.parts+1
	return connect.NewResponse(&dispatch.SendLogResponse{}), nil
}

// listener is a net.Listener in memory.
type listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error { l.once.Do(func() { close(l.done) }); return nil }

func (*listener) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// serve returns a client of the dispatcher, and a function that ends both.
func (f *fake) serve() (dispatchconnect.WorkerServiceClient, func()) {
	l := &listener{conns: make(chan net.Conn), done: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle(dispatchconnect.NewWorkerServiceHandler(f))
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: mux, Protocols: protocols}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l)
	}()
	transport := &http.Transport{
		Protocols: protocols,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.dials++
			if f.cut {
				return nil, fmt.Errorf("the network is cut")
			}
			ours, theirs := net.Pipe()
			f.conns = append(f.conns, ours, theirs)
			select {
			case l.conns <- theirs:
				return ours, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	}
	client := dispatchconnect.NewWorkerServiceClient(&http.Client{Transport: transport},
		"http://memory")
	return client, func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-served
	}
}

// setCut cuts the network, or mends it.
func (f *fake) setCut(cut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = cut
	if cut {
		for _, c := range f.conns {
			_ = c.Close()
		}
		f.conns = nil
	}
}

// newest returns the newest report.
func (f *fake) newest() *dispatch.Report {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.reports) == 0 {
		return nil
	}
	return f.reports[len(f.reports)-1]
}

// said returns how many reports came.
func (f *fake) said() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.reports)
}

// told returns what the newest report says of leases: "id PHASE, …".
func (f *fake) told() string {
	var out []string
	for _, l := range f.newest().GetLeases() {
		out = append(out, l.GetLeaseId()+" "+strings.TrimPrefix(l.GetPhase().String(), "PHASE_"))
	}
	return strings.Join(out, ", ")
}

// end returns how a lease ended, in a word; empty if nothing was said of it.
func (f *fake) end(lease string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.ends[lease]
	if l == nil {
		return ""
	}
	word := strings.TrimPrefix(l.GetPhase().String(), "PHASE_")
	switch o := l.GetResult().GetOutcome().(type) {
	case *dispatch.Result_ExitCode:
		word += fmt.Sprintf(" %d", o.ExitCode)
	case *dispatch.Result_Signal:
		word += " " + o.Signal
	}
	if m := l.GetResult().GetMessage(); m != "" {
		word += ": " + m
	}
	return word
}
