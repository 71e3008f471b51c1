package simulator

import (
	"context"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// newsKind is what news says of a request.
type newsKind uint8

const (
	// newsWaiting: it waits.
	newsWaiting newsKind = iota
	// newsRunning: it runs on a worker.
	newsRunning
	// newsAbsent: it is over.
	newsAbsent
)

// news is what the pool will be told of a request.
type news struct {
	kind newsKind
	// misplaced is true if it is to reach the pool in another order than it happened.
	misplaced bool
	// at is when it was true, by the clock of whoever says it.
	at time.Duration
	id scheduler.RequestID
	// request has that id. It is nil in news that something is over which is not outstanding.
	request *request
	worker  *worker // only in newsRunning
}

// report adds news of this moment, unless it is lost or delayed on its way.
func (e *engine) report(n news) {
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
	for i := range e.dispatcher.news {
		n := &e.dispatcher.news[i]
		e.dispatcher.subject = n.request
		if _, err := e.apply(ctx, e.newsOperation(n)); err != nil {
			return err
		}
		if n.kind == newsWaiting {
			n.request.told = true
		}
	}
	e.dispatcher.subject = nil
	clear(e.dispatcher.news)
	e.dispatcher.news = e.dispatcher.news[:0]
	return nil
}

// reportWaiting says that a request waits, for the first time or again, by the clock of a worker,
// or, for nil, the dispatcher's.
func (e *engine) reportWaiting(r *request, by *worker) {
	r.told, r.stopping = false, false
	e.report(news{kind: newsWaiting, at: e.clock(by), id: r.id, request: r})
}

// reportRunning says that a worker runs a request, by the clock of the worker, or, for nil, the
// dispatcher's.
func (e *engine) reportRunning(r *request, w, by *worker) {
	e.report(news{kind: newsRunning, at: e.clock(by), id: r.id, request: r, worker: w})
}

// reportAbsent says that a request is over, by the clock of a worker, or, for nil, the
// dispatcher's. The request is nil if it is not outstanding.
func (e *engine) reportAbsent(id scheduler.RequestID, r *request, by *worker) {
	e.report(news{kind: newsAbsent, at: e.clock(by), id: id, request: r})
}

// clock is this moment by the clock of a worker, or, for nil, the dispatcher's.
func (e *engine) clock(w *worker) time.Duration {
	if w == nil || e.mishaps == nil || !e.mishaps.on(e.now) {
		return e.now
	}
	return e.now + w.skew
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
