package node

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// slowEvents is an event log that takes the events of one entry at a time, when it is let.
type slowEvents struct {
	EventLog
	next  chan error
	taken []uint64
}

func (e *slowEvents) Append(index uint64, _ []*dispatch.Event, _ [][]byte) error {
	err, ok := <-e.next
	if !ok {
		panic("planted by a test")
	}
	if err == nil {
		e.taken = append(e.taken, index)
	}
	return err
}

// A sealing is a state whose entries a sealer seals.
type sealing struct {
	events *slowEvents
	sealer *sealer
	state  *state.Machine
	alone  *state.Machine // seals its entries itself
}

func newSealing() *sealing {
	s := &sealing{events: &slowEvents{next: make(chan error)}, state: state.New(), alone: state.New()}
	s.sealer = newSealer(s.events)
	s.sealer.follow(s.state)
	return s
}

// run runs an entry, and has it sealed.
func (s *sealing) run(t *testing.T, index uint64) error {
	bytes, err := proto.Marshal(&replica.Entry{RuleVersion: 1, Commands: []*replica.Command{{
		Kind: &replica.Command_CreatePool{CreatePool: &dispatch.CreatePoolRequest{
			Pool: fmt.Sprint("pool", index)}}}}})
	require.NoError(t, err)
	_, err = s.alone.ApplyBytes(index, bytes)
	require.NoError(t, err)
	a, err := s.state.Run(index, bytes)
	require.NoError(t, err)
	return s.sealer.add(a)
}

func TestEntriesAreSealedInOrderBehindTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSealing()
		for i := range uint64(unsealedMax) { // the event log has taken none of them
			require.NoError(t, s.run(t, 3*i+1))
		}
		done := make(chan error, 1)
		go func() { done <- s.run(t, 1000) }()
		synctest.Wait()
		select {
		case <-done:
			t.Fatalf("an entry does not wait though %d are not sealed", unsealedMax)
		default:
		}
		var want []uint64
		for i := range uint64(unsealedMax) {
			want = append(want, 3*i+1)
		}
		want = append(want, 1000)
		for range want {
			s.events.next <- nil
		}
		require.NoError(t, <-done)
		require.NoError(t, s.sealer.wait())
		require.Equal(t, want, s.events.taken)
		require.Equal(t, s.alone.RollingHash(), s.state.RollingHash())
		require.Equal(t, uint64(1000), s.state.Rolled())
		points := s.sealer.at()
		require.NotEmpty(t, points)
		require.Equal(t, hash(s.alone.RollingHash()), points[1000])
	})
}

func TestAnEntryThatCannotBeSealedEndsTheOnesAfterIt(t *testing.T) {
	for name, fail := range map[string]func(*slowEvents){
		"entry 2: the event log: no space":  func(e *slowEvents) { e.next <- errors.New("no space") },
		"entry 2: panic: planted by a test": func(e *slowEvents) { close(e.next) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSealing()
				for i := range uint64(4) {
					require.NoError(t, s.run(t, i+1))
				}
				s.events.next <- nil
				fail(s.events)
				require.ErrorContains(t, s.sealer.wait(), name)
				require.ErrorContains(t, s.run(t, 5), name)
				require.Equal(t, []uint64{1}, s.events.taken)
			})
		})
	}
}

func TestNobodyWaitsForWhatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSealing()
		require.NoError(t, s.run(t, 1))
		done := make(chan error, 1)
		go func() { done <- s.sealer.wait() }()
		synctest.Wait()
		require.NoError(t, s.run(t, 2))
		s.events.next <- nil
		require.NoError(t, <-done)
		require.Equal(t, []uint64{1}, s.events.taken)
		s.events.next <- nil
		require.NoError(t, s.sealer.wait())
	})
}
