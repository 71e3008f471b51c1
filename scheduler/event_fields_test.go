package scheduler_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// keeper keeps events, of which it only reads if it says so.
type keeper struct {
	events []*protos.TaskEvent
}

func (k *keeper) AddEvent(e *protos.TaskEvent) { k.events = append(k.events, e) }

func (k *keeper) OnlyReads() bool { return true }

// Each event gets the fields, and belongs to the sink also if that would only read it.
func TestEventFields(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s, sink := scheduler.New(start), &keeper{}
	fields := scheduler.EventFields{Pool: "lab", IsCallback: true}
	for _, id := range []scheduler.RequestID{"a", "b"} {
		r := &scheduler.TaskRequest{ID: id, EnqueueTime: start}
		require.NoError(t, s.AddRequest(r, start, nil, fields.With(sink)))
	}
	require.Len(t, sink.events, 2)
	for i, id := range []string{"a", "b"} {
		e := sink.events[i]
		require.Equal(t, id, e.GetRequestId())
		require.Equal(t, "lab", e.GetPool())
		require.True(t, e.GetIsCallback())
	}
	require.Equal(t, scheduler.NullEventSink, fields.With(nil))
}

// Balances add and subtract level by level, without wrapping, and compare from p0 down.
func TestBalanceArithmetic(t *testing.T) {
	a, b := scheduler.Balance{1, 2, 3}, scheduler.Balance{1, 5}
	require.Equal(t, scheduler.Balance{2, 7, 3}, a.Add(b))
	require.Equal(t, scheduler.Balance{0, -3, 3}, a.Sub(b))
	require.Equal(t, scheduler.Balance{1 << 62}, scheduler.Balance{1 << 62}.Add(a).Sub(
		scheduler.Balance{0, 2, 3}))
	require.Equal(t, []int{-1, 0, 1}, []int{a.Compare(b), a.Compare(a), b.Compare(a)})
}
