package forecasts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/dispatcher/journals"
	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// ErrNotWaiting says that a task has started or ended, or never was.
var ErrNotWaiting = errors.New("a forecast is for tasks that wait")

// pastsMax is for how many pools a second one is kept.
const pastsMax = 4

// Forecasts answer questions about a node's pools, from any goroutine.
type Forecasts struct {
	journals *journals.Journals
	turn     chan struct{} // has room for the one who answers
	pasts    []*past       // the one that was asked for last is the last; of who has the turn
}

// New returns forecasts from journals.
func New(j *journals.Journals) *Forecasts {
	return &Forecasts{journals: j, turn: make(chan struct{}, 1)}
}

// A Question asks about a task that waits.
type Question struct {
	Pool, Task string
	// Now is the pool's time, about.
	Now time.Time
}

// Of says when a task will start and be complete, and the same in words. The error is
// ErrNotWaiting, that of journals.Open, or that of the context.
func (f *Forecasts) Of(ctx context.Context, q Question) (*protos.Forecast, string, error) {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	p, err := f.past(ctx, q)
	if err != nil {
		return nil, "", err
	}
	id := scheduler.RequestID(q.Task)
	if r, known := p.pool.Scheduler().Request(id); !known || r.Worker != "" {
		return nil, "", fmt.Errorf("%w: task %s of pool %s", ErrNotWaiting, q.Task, q.Pool)
	}
	o := options()
	o.Arrivals, o.Calibration, o.Forks = p.arrivals, p.calibration, answerForks
	o.Requests = []scheduler.RequestID{id}
	answer, err := forecast.Run(ctx, p.pool.Snapshot(), p.runTimes, o)
	if err != nil {
		return nil, "", err
	}
	var text strings.Builder
	if err := forecast.Text(&text, answer); err != nil {
		return nil, "", err
	}
	return answer, text.String(), nil
}

// past returns a pool with all that its journal has now.
func (f *Forecasts) past(ctx context.Context, q Question) (*past, error) {
	c, err := f.journals.Open(ctx, q.Pool)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	i := slices.IndexFunc(f.pasts, func(p *past) bool { return p.name == q.Pool })
	var p *past
	if i >= 0 {
		p = f.pasts[i]
		f.pasts = slices.Delete(f.pasts, i, i+1)
	}
	if p == nil || p.from != c.From() { // the oldest part of the journal is gone, or all of it
		p = newPast(q.Pool, c.From())
	}
	if err := p.follow(ctx, c, q.Now); err != nil {
		if ctx.Err() != nil && p.pool != nil { // the next question goes on here
			f.keep(p)
		}
		return nil, err
	}
	f.keep(p)
	return p, nil
}

func (f *Forecasts) keep(p *past) {
	f.pasts = append(f.pasts, p)
	if n := len(f.pasts) - pastsMax; n > 0 {
		f.pasts = slices.Delete(f.pasts, 0, n)
	}
}
