package benchmarks

import (
	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/scheduler"
)

// A newcomer is a worker that its pool has not seen, in a random pool with a label set of its own.
type newcomer struct {
	id     scheduler.WorkerID
	labels stringset.Set
}

// recruit draws newcomers, in place of those before, who go: what they were given waits again.
func (p *world) recruit(n int) {
	for _, w := range p.newcomers {
		must(p.NotifyWorkerGone(w.id, p.now, nil))
	}
	p.newcomers = p.newcomers[:0]
	for range n {
		number := p.Workers + p.recruits
		p.recruits++
		p.newcomers = append(p.newcomers, newcomer{workerID(number), p.draw.worker(number)})
	}
}

// enlist marks the newcomers as idle.
func (p *world) enlist() int {
	for _, w := range p.newcomers {
		must(p.MarkIdle(w.id, w.labels, p.now, nil))
	}
	return len(p.newcomers)
}

// submit draws requests that are enqueued now, in place of those before, which are gone.
func (p *world) submit(n int) {
	for _, r := range p.requests {
		must(p.NotifyTaskAbsent(r.ID, p.now, nil))
	}
	p.requests = p.requests[:0]
	for range n {
		p.requests = append(p.requests, p.request(p.now))
	}
}

// enqueue adds the requests that were drawn.
func (p *world) enqueue() int {
	for _, r := range p.requests {
		must(p.AddRequest(r, p.now, nil, nil))
	}
	return len(p.requests)
}

// drawAll draws all workers and requests that the pool is to have.
func (p *world) drawAll() {
	for w := range p.Workers {
		p.newcomers = append(p.newcomers, newcomer{workerID(w), p.draw.worker(w)})
	}
	for i := range p.Requests {
		p.requests = append(p.requests, p.request(p.enqueued(i)))
	}
}
