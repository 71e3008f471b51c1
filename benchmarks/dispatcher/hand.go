package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sync/errgroup"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// tasksPerSecond are submitted, and each runs for taskTime.
const (
	tasksPerSecond = 300
	taskTime       = time.Second
)

// hand measures how long it takes from the beginning of a submit until a worker has the task.
func hand(ctx context.Context, s *settings) (figures []figure, err error) {
	h := &hands{submitted: map[string]time.Time{}}
	cluster, f, err := fleetOf(ctx, s.size(1000), h.got)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close(), cluster.close()) }()
	c, err := cluster.client()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	rate := s.size(tasksPerSecond)
	every := time.NewTicker(time.Second / time.Duration(rate))
	defer every.Stop()
	submitting, inner := errgroup.WithContext(ctx)
	submitting.SetLimit(1000)
	count := int(s.duration.Seconds() * float64(rate))
	for i := range count {
		<-every.C
		submitting.Go(func() error {
			spec := specs(1)
			spec[0].Tags = []string{fmt.Sprint(i)}
			h.submit(spec[0].Tags[0])
			_, err := c.Tasks.SubmitTasks(inner, connect.NewRequest(
				&dispatch.SubmitTasksRequest{Pool: pool, Tasks: spec}))
			return err
		})
	}
	if err := submitting.Wait(); err != nil {
		return nil, err
	}
	for began := time.Now(); h.waiting() > 0; {
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
		if time.Since(began) > time.Minute {
			return nil, fmt.Errorf("%d of %d tasks never came to a worker", h.waiting(), count)
		}
	}
	return []figure{
		{name: "p50", value: milliseconds(h.took, 0.5), unit: "ms", bound: 15},
		{name: "p99", value: milliseconds(h.took, 0.99), unit: "ms", bound: 100},
	}, nil
}

// hands are the tasks on their way.
type hands struct {
	mu        sync.Mutex
	submitted map[string]time.Time // by tag
	took      []time.Duration
}

func (h *hands) submit(tag string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.submitted[tag] = time.Now()
}

// got notes that a worker has a task.
func (h *hands) got(r *dispatch.Run) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	tag := r.GetTask().GetTags()[0]
	if at, ok := h.submitted[tag]; ok {
		h.took = append(h.took, time.Since(at))
		delete(h.submitted, tag)
	}
	return taskTime
}

func (h *hands) waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.submitted)
}
