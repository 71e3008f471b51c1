package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sync/errgroup"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// openAtOnce is how many sessions are opened at once, and perClient how many share a connection.
const openAtOnce, perClient = 64, 50

// A fleet is many workers, each a session of its own.
type fleet struct {
	running sync.WaitGroup
	stop    context.CancelFunc
	mu      sync.Mutex
	failed  error
	clients []*client.Client
}

// openFleet opens the sessions of n workers with a slot each. got is told of each order to run a
// task, and returns how long the task runs.
func openFleet(ctx context.Context, cluster *servers, n int,
	got func(*dispatch.Run) time.Duration) (*fleet, error) {
	life, stop := context.WithCancel(ctx)
	f := &fleet{stop: stop}
	opening, _ := errgroup.WithContext(ctx)
	opening.SetLimit(openAtOnce)
	for i := range n {
		if i%perClient == 0 {
			c, err := cluster.client()
			if err != nil {
				return f, errors.Join(err, f.close())
			}
			f.clients = append(f.clients, c)
		}
		c := f.clients[len(f.clients)-1]
		open := func() error {
			w := &worker{name: fmt.Sprint("host", i), got: got, version: 0}
			if err := w.open(life, c); err != nil {
				return err
			}
			f.running.Go(func() {
				if err := w.work(life); err != nil && life.Err() == nil {
					f.fail(fmt.Errorf("%s: %w", w.name, err))
				}
			})
			return nil
		}
		if i%perClient > 0 {
			opening.Go(open)
		} else if err := open(); err != nil { // while there is no connection, each would make its own
			return f, errors.Join(err, f.close())
		}
	}
	if err := opening.Wait(); err != nil {
		return f, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *fleet) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed == nil {
		f.failed = err
	}
}

// close ends the sessions, and returns the first error of one.
func (f *fleet) close() error {
	f.stop()
	f.running.Wait()
	for _, c := range f.clients {
		c.Close()
	}
	return f.failed
}

// A worker speaks the protocol of sessions, and runs tasks by waiting.
type worker struct {
	name     string
	got      func(*dispatch.Run) time.Duration
	stream   *connect.BidiStreamForClient[dispatch.SessionRequest, dispatch.SessionResponse]
	sequence uint64
	version  uint64
	epoch    uint64
	lease    *dispatch.LeaseReport // nil if it is idle
}

func (w *worker) open(ctx context.Context, c *client.Client) error {
	w.stream = c.Workers.Session(ctx)
	return w.report()
}

// report says how it is.
func (w *worker) report() error {
	w.sequence++
	r := &dispatch.Report{Pool: pool, Worker: w.name, BootId: "boot", InstanceId: "instance",
		Sequence: w.sequence, Labels: []string{"os:linux"}, AcceptsWork: true, Slots: 1,
		Version: w.version, Epoch: w.epoch}
	if w.lease != nil {
		r.Leases = []*dispatch.LeaseReport{w.lease}
	}
	return w.stream.Send(&dispatch.SessionRequest{Report: r})
}

// work follows orders until the session ends.
func (w *worker) work(ctx context.Context) error {
	orders, failed := make(chan *dispatch.Orders), make(chan error, 1)
	go func() {
		for {
			m, err := w.stream.Receive()
			if err != nil {
				failed <- err
				return
			}
			select {
			case orders <- m.GetOrders():
			case <-ctx.Done():
				failed <- ctx.Err()
				return
			}
		}
	}()
	next, ends := time.NewTimer(time.Hour), time.NewTimer(time.Hour)
	defer next.Stop()
	defer ends.Stop()
	for {
		said := false // whether there is something to say
		select {
		case err := <-failed:
			return err
		case o := <-orders:
			said = w.follow(o, ends)
			next.Reset(o.GetNextReport().AsDuration())
		case <-next.C:
			said = true
		case <-ends.C:
			if w.lease != nil {
				w.lease.Phase = dispatch.Phase_PHASE_FINISHED
				w.lease.Result = &dispatch.Result{Outcome: &dispatch.Result_ExitCode{}}
				said = true
			}
		}
		if said {
			if err := w.report(); err != nil {
				return err
			}
		}
	}
}

// follow does what orders say, and reports whether that is to be said.
func (w *worker) follow(o *dispatch.Orders, ends *time.Timer) (said bool) {
	if o.GetKind() == dispatch.Orders_KIND_INCREMENTAL && o.GetAppliesTo() != w.version {
		w.version = 0 // a gap: everything is to be said again
		return true
	}
	w.version, w.epoch = o.GetResultsIn(), o.GetEpoch()
	for _, id := range o.GetRecorded() {
		if id == w.lease.GetLeaseId() {
			w.lease = nil
			said = true
		}
	}
	for _, r := range o.GetRuns() {
		if w.lease == nil {
			w.lease = &dispatch.LeaseReport{LeaseId: r.GetLeaseId(), Slot: r.GetSlot(),
				Phase: dispatch.Phase_PHASE_RUNNING}
			ends.Reset(w.got(r))
			said = true
		}
	}
	for _, s := range o.GetStops() {
		if s.GetLeaseId() == w.lease.GetLeaseId() {
			ends.Reset(0)
		}
	}
	return said
}

// idleSessions measures what workers cost that have nothing to do.
func idleSessions(ctx context.Context, s *settings) (figures []figure, err error) {
	cluster, f, err := fleetOf(ctx, s.size(10_000), func(*dispatch.Run) time.Duration { return 0 })
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close(), cluster.close()) }()
	pid := cluster.processes[0].Process.Pid
	if err := wait(ctx, s.duration); err != nil { // what opening them has made is behind
		return nil, err
	}
	before, err := processorTime(pid)
	if err != nil {
		return nil, err
	}
	const length = 2 * time.Minute // in which each worker reports three times
	if err := wait(ctx, length); err != nil {
		return nil, err
	}
	after, err := processorTime(pid)
	if err != nil {
		return nil, err
	}
	memory, err := residentBytes(pid)
	return []figure{
		{name: "of a core", value: 100 * (after - before).Seconds() / length.Seconds(), unit: "%",
			bound: 10},
		{name: "memory", value: memory / 1e6, unit: "MB", bound: 1000},
	}, err
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fleetOf starts a node with a pool, and opens the sessions of n workers.
func fleetOf(ctx context.Context, n int, got func(*dispatch.Run) time.Duration) (
	cluster *servers, f *fleet, err error) {
	if cluster, err = startServers(ctx, 1); err != nil {
		return nil, nil, err
	}
	c, err := cluster.client()
	if err == nil {
		defer c.Close()
		err = createPool(ctx, c)
	}
	if err == nil {
		f, err = openFleet(ctx, cluster, n, got)
	}
	if err != nil {
		return nil, nil, errors.Join(err, cluster.close())
	}
	return cluster, f, nil
}
