package invariants_test

import (
	"errors"
	"testing"

	"github.com/quotasched/quotasched/internal/invariants"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// passer makes passes by heart; the state changes with each but the empty ones.
type passer struct {
	passes [][]scheduler.Assignment
	state  byte
}

func (p *passer) RunOnce(scheduler.EventSink) []scheduler.Assignment {
	if len(p.passes) == 0 {
		return nil
	}
	next := p.passes[0]
	p.passes = p.passes[1:]
	p.state++
	return next
}

func (p *passer) Hash() [32]byte { return [32]byte{p.state} }

// TestCheckFixedPoint accepts passes that come to rest in time and place nothing twice.
func TestCheckFixedPoint(t *testing.T) {
	one := []scheduler.Assignment{{Request: "r", Worker: "w"}}
	two := []scheduler.Assignment{{Request: "s", Worker: "v"}}
	for _, c := range []struct {
		name   string
		passes [][]scheduler.Assignment
		broken bool
	}{
		{"at rest", nil, false},
		{"two passes", [][]scheduler.Assignment{one, two}, false},
		{"three passes", [][]scheduler.Assignment{one, two, nil}, true},
		{"placed twice", [][]scheduler.Assignment{one, {{Request: "r", Worker: "v"}}}, true},
		{"placed again after a preemption", [][]scheduler.Assignment{one, {
			{Request: "s", Worker: "w", Type: scheduler.AssignmentPreemptWorker},
			{Request: "r", Worker: "v"}}}, false},
		{"placed again after another's", [][]scheduler.Assignment{one, {
			{Request: "s", Worker: "v", Type: scheduler.AssignmentPreemptWorker},
			{Request: "r", Worker: "u"}}}, true},
		{"a worker twice", [][]scheduler.Assignment{{one[0], {Request: "s", Worker: "w"}}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := invariants.CheckFixedPoint(&passer{passes: c.passes}, 3)
			var found *invariants.Violation
			if errors.As(err, &found) != c.broken || c.broken &&
				found.Check != invariants.FixedPoint {
				t.Errorf("found %v", err)
			}
		})
	}
}

// TestCheckSame compares to the byte.
func TestCheckSame(t *testing.T) {
	a, b := &protos.Pool{Scheduler: &protos.Scheduler{}}, &protos.Pool{}
	if err := invariants.CheckSame(a, a); err != nil {
		t.Error(err)
	}
	var found *invariants.Violation
	if err := invariants.CheckSame(a, b); !errors.As(err, &found) ||
		found.Check != invariants.SameState {
		t.Errorf("found %v", err)
	}
}
