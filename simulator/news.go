package simulator

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// news is an operation that the pool will be told; request is set if it says that a request waits.
type news struct {
	operation *protos.Operation
	request   *request
	// misplaced is true if it is to reach the pool in another order than it happened.
	misplaced bool
}

// report adds news of this moment, unless it is lost or delayed on its way.
func (e *engine) report(op *protos.Operation, r *request) {
	n := news{operation: op, request: r}
	if e.mishaps != nil {
		e.send(n)
		return
	}
	e.dispatcher.news = append(e.dispatcher.news, n)
	e.wake(e.now)
}

// tellNews delivers what happened since the last turn, each with the time at which it was true.
func (e *engine) tellNews(ctx context.Context) error {
	if e.mishaps != nil {
		e.mishaps.shuffle(e.dispatcher.news)
	}
	for _, n := range e.dispatcher.news {
		if _, err := e.apply(ctx, n.operation); err != nil {
			return err
		}
		if n.request != nil {
			n.request.told = true
		}
	}
	clear(e.dispatcher.news)
	e.dispatcher.news = e.dispatcher.news[:0]
	return nil
}

// reportWaiting says that a request waits, for the first time or again, by the clock of a worker,
// or, for nil, the dispatcher's.
func (e *engine) reportWaiting(r *request, by *worker) {
	s := &e.setup.Workload.Submissions[r.submission]
	r.told, r.stopping = false, false
	waiting := &protos.TaskWaiting{
		RequestId:           string(r.id),
		AccountId:           string(s.Account),
		BaseLabels:          s.BaseLabels,
		ProvisionableLabels: s.ProvisionableLabels,
		EnqueueTime:         e.timestamp(s.Submit),
	}
	e.report(&protos.Operation{
		Time: e.clock(by),
		Kind: &protos.Operation_TaskWaiting{TaskWaiting: waiting},
	}, r)
}

// reportRunning says that a worker runs a request, by the clock of the worker.
func (e *engine) reportRunning(r *request, w *worker) {
	e.report(&protos.Operation{Time: e.clock(w), Kind: runningOn(r, w)}, nil)
}

// runningOn is the news that a worker runs a request.
func runningOn(r *request, w *worker) *protos.Operation_TaskRunning {
	return &protos.Operation_TaskRunning{
		TaskRunning: &protos.TaskRunning{RequestId: string(r.id), WorkerId: string(w.id)},
	}
}

// reportAbsent says that a request is over, by the clock of a worker, or, for nil, the
// dispatcher's.
func (e *engine) reportAbsent(id scheduler.RequestID, by *worker) {
	e.report(&protos.Operation{
		Time: e.clock(by),
		Kind: &protos.Operation_TaskAbsent{TaskAbsent: &protos.TaskAbsent{RequestId: string(id)}},
	}, nil)
}

// clock is this moment in the pool's time, by the clock of a worker, or, for nil, the dispatcher's.
func (e *engine) clock(w *worker) *timestamppb.Timestamp {
	if w == nil || e.mishaps == nil || !e.mishaps.on(e.now) {
		return e.stamp()
	}
	return e.timestamp(e.now + w.skew)
}

// send puts news on its way to the pool, on which it may be lost, delayed or repeated. What becomes
// of it in one way does not depend on the others.
func (e *engine) send(n news) {
	m, f := e.mishaps, &e.setup.Faults
	lost := m.happens(m.newsLost, f.NewsLost, e.now)
	repeated := m.happens(m.newsRepeated, f.NewsRepeated, e.now)
	n.misplaced = m.happens(m.newsShuffled, f.NewsShuffled, e.now)
	delay := time.Duration(0)
	if m.happens(m.newsDelayed, f.NewsDelayed, e.now) {
		delay = m.newsDelayed.around(f.NewsDelay)
	}
	if lost {
		m.counts.NewsLost++
		return
	}
	if delay > 0 {
		m.counts.NewsDelayed++
	}
	e.sendLater(n, delay)
	if repeated {
		m.counts.NewsRepeated++
		e.sendLater(n, delay+e.setup.Timing.Tick)
	}
}

// sendLater lets news arrive after a delay, and at the end of all faults at the latest.
func (e *engine) sendLater(n news, delay time.Duration) {
	d := &e.dispatcher
	at := max(e.now, min(e.now+delay, e.mishaps.until))
	if at == e.now {
		d.news = append(d.news, n)
		e.wake(e.now)
		return
	}
	d.lateCount++
	d.late[d.lateCount] = n
	e.agenda.add(event{at: at, kind: eventNews, turn: d.lateCount})
}

// arriveLate takes in late news.
func (e *engine) arriveLate(number uint64) {
	d := &e.dispatcher
	d.news = append(d.news, d.late[number])
	delete(d.late, number)
	e.wake(e.now)
}
