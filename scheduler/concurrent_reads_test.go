package scheduler_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/scheduler"
)

// Lesson D26: reading is not writing. Under the race detector these tests find a snapshot or a
// view that touches state, and an event that shares memory with what changes later.

func TestReadersDoNotDisturbEachOther(t *testing.T) {
	s := scrambledPool(t, func(any) {})
	want := s.Hash()
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			if s.Hash() != want {
				t.Error("the hash differs")
			}
			if n := len(slices.Collect(s.Waiting())) + len(slices.Collect(s.Workers())); n == 0 {
				t.Error("the pool is empty")
			}
			for id := range s.Balances() {
				s.Balance(id)
			}
			s.Config()
			s.Request("runs")
			s.Worker("w1")
			s.IsAssigned("runs", "w1")
		})
	}
	readers.Wait()
}

func TestEventsAndSnapshotsAreReadWhileTheStateMoves(t *testing.T) {
	s := scheduler.New(aliasEpoch)
	sink := &keptEvents{}
	balance := scheduler.Balance{100_000_000}
	if err := s.AddAccount("a", &scheduler.AccountConfig{}, balance); err != nil {
		t.Fatal(err)
	}
	r := scheduler.NewTaskRequest("r", "a", nil, nil, aliasEpoch)
	if err := s.AddRequest(r, aliasEpoch, []string{"tag"}, sink); err != nil {
		t.Fatal(err)
	}
	if err := s.MarkIdle("w", nil, aliasEpoch, sink); err != nil {
		t.Fatal(err)
	}
	s.RunOnce(sink)
	events, snapshot := sink.events, s.ToProto()
	var reader sync.WaitGroup
	reader.Go(func() {
		for _, e := range events {
			if _, err := proto.Marshal(e); err != nil {
				t.Error(err)
			}
		}
		if _, err := proto.Marshal(snapshot); err != nil {
			t.Error(err)
		}
	})
	for i := range 100 {
		s.UpdateTime(aliasEpoch.Add(time.Duration(i)*time.Second), sink)
		s.RunOnce(sink)
	}
	reader.Wait()
	if len(events) < 2 {
		t.Errorf("there were only %d events", len(events))
	}
}
