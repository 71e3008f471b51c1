package worker_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker"
)

const ttl = 60 * time.Second

// stage is an agent with simulated tasks and its dispatcher, in virtual time.
type stage struct {
	*testing.T
	*fake
	config  worker.Config
	ended   chan error
	drain   context.CancelFunc
	end     func()
	abort   func()
	stateIn string
}

// play runs a test in virtual time, with an agent that is connected.
func play(t *testing.T, change func(*stage), test func(*stage)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, fake: newFake(ttl), stateIn: dir}
		begin := time.Now()
		clock := func() time.Duration { return time.Since(begin) + time.Hour }
		s.config = worker.Config{
			Pool: "lab", Name: "host", Labels: []string{"os:linux"}, Slots: 2, StateDir: dir,
			Driver: &worker.Simulated{Clock: clock, StopTakes: time.Second}, Clock: clock,
		}
		s.config.Dispatcher, s.end = s.serve()
		if change != nil {
			change(s)
		}
		defer s.end()
		s.start()
		defer func() {
			s.drain()
			s.abort()
			s.setCut(false)
			s.change(func() { s.mute, s.withhold = false, false })
			<-s.ended
		}()
		test(s)
	})
}

func (s *stage) start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.drain = cancel
	abort := make(chan struct{})
	s.config.Abort = abort
	s.abort = sync.OnceFunc(func() { close(abort) })
	ended, config := make(chan error, 1), s.config
	s.ended = ended
	go func() {
		defer close(ended)
		ended <- worker.Run(ctx, config)
	}()
	s.wait(time.Second)
}

// wait lets time pass.
func (s *stage) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func simulate(run, exit string) *dispatch.TaskSpec {
	return &dispatch.TaskSpec{Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{
		Command: []string{"simulate", run, exit},
	}}}
}
