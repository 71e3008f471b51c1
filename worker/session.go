package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
)

const (
	// quiet is how long after a report a change waits for others; the first one after it leaves at
	// once.
	quiet = 50 * time.Millisecond

	// The pauses between connections: from the first to the longest, each longer by growth, with
	// chance in them, so that a fleet does not march in step. With a short TTL they are a part of
	// it.
	pauseFirst  = time.Second
	pauseMax    = 30 * time.Second
	pauseGrowth = 1.3
	pauseJitter = 0.2
)

// session keeps the worker connected. It shares no goroutine and no connection with tasks.
type session struct {
	m     *manager
	log   *slog.Logger
	calls bool // the next connection is by calls
	heard bool // the connection has brought orders
}

// run connects again and again, until the context ends.
func (s *session) run(ctx context.Context) {
	tries, last := 0, ""
	for {
		s.heard = false
		err := s.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if s.heard {
			tries = 0
		} else if !s.m.config.CallsOnly {
			s.calls = !s.calls && noStreams(err)
		}
		if text := err.Error(); text != last || s.heard {
			s.log.Warn("the connection to the dispatcher has ended", "error", err)
			last = text
		}
		_, answer := s.m.pace()
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause(tries, answer, rand.Float64())):
		}
		tries++
	}
}

// pause returns how long to wait after so many tries in vain. ttlHalf is half a lease TTL, and
// chance from 0 to 1.
func pause(tries int, ttlHalf time.Duration, chance float64) time.Duration {
	d := float64(min(pauseFirst, ttlHalf/8))
	for range tries {
		d = min(d*pauseGrowth, float64(min(pauseMax, ttlHalf)))
	}
	return time.Duration(d * (1 - pauseJitter + 2*pauseJitter*chance))
}

// connect serves one connection. It returns why it ended.
func (s *session) connect(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	open := openStream
	if s.calls || s.m.config.CallsOnly {
		open = openCalls
	}
	l := open(ctx, s.m.config.Dispatcher)
	orders, failed := make(chan *dispatch.Orders), make(chan error, 1)
	received := make(chan struct{})
	go func() {
		defer close(received)
		failed <- receiveAll(ctx, l, orders)
	}()
	err := s.serve(ctx, l, orders, failed)
	cancel()
	l.Close()
	<-received
	return err
}

// receiveAll passes orders on until the link ends.
func receiveAll(ctx context.Context, l link, orders chan<- *dispatch.Orders) error {
	for {
		o, err := l.Receive()
		if err != nil {
			return err
		}
		select {
		case orders <- o:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

var errNoAnswer = errors.New("the dispatcher does not answer")

// serve says all that is true and hears all that shall be, until the link fails.
func (s *session) serve(ctx context.Context, l link, orders <-chan *dispatch.Orders,
	failed <-chan error) error {
	var (
		next   = time.NewTimer(0)         // a report is due
		gather = time.NewTimer(time.Hour) // a change is due
		answer = time.NewTimer(time.Hour) // an answer is overdue
		sent   time.Time
	)
	for _, t := range []*time.Timer{next, gather, answer} {
		defer t.Stop()
	}
	gather.Stop()
	answer.Stop()
	waiting, owed := false, false // for the time of a change; an answer
	for {
		due := false
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-failed:
			if errors.Is(err, io.EOF) {
				return errors.New("the dispatcher has closed the connection")
			}
			return err
		case o := <-orders:
			if !s.heard {
				s.log.Info("connected to the dispatcher", "epoch", o.GetEpoch())
			}
			s.heard = true
			s.m.hear(o)
			s.m.fetch(o.GetFetches())
			after, _ := s.m.pace()
			next.Reset(max(after, quiet))
			answer.Stop()
			owed = false
		case <-s.m.changed:
			if !waiting {
				gather.Reset(max(0, quiet-time.Since(sent)))
				waiting = true
			}
		case <-gather.C:
			due = true
		case <-next.C:
			due = true
		case <-answer.C:
			return errNoAnswer
		}
		if !due {
			continue
		}
		waiting, sent = false, time.Now()
		next.Stop()
		_, within := s.m.pace()
		if err := s.send(ctx, l, within); err != nil {
			return s.cause(ctx, err, failed)
		}
		if !owed {
			answer.Reset(within)
			owed = true
		}
	}
}

// send sends a report. A link that does not take it in time is given up.
func (s *session) send(ctx context.Context, l link, within time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- l.Send(s.m.report()) }()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
	case <-ctx.Done():
	}
	l.Close()
	<-done
	return errNoAnswer
}

// cause returns what Receive says of a failed Send, which knows more.
func (*session) cause(ctx context.Context, err error, failed <-chan error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	select {
	case cause := <-failed:
		return cause
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Second):
		return fmt.Errorf("sending a report: %w", err)
	}
}
