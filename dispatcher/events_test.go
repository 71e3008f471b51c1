package dispatcher

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/dispatcher/api"
	"github.com/quotasched/quotasched/dispatcher/eventlog"
	"github.com/quotasched/quotasched/protos/dispatch"
)

func openTestEvents(t *testing.T) *eventFiles {
	f, err := openEvents(Config{DataDir: t.TempDir(), Logger: quietLogger()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// write appends entries with three events each, of two pools.
func write(t *testing.T, f *eventFiles, from, to uint64) {
	for index := from; index <= to; index++ {
		var events []*dispatch.Event
		var encoded [][]byte
		for n, pool := range []string{"lab", "other", "lab"} {
			e := &dispatch.Event{Pool: pool, Time: timestamppb.Now(),
				Position: &dispatch.Position{Index: index, N: uint32(n)},
				Kind:     &dispatch.Event_Task{Task: &dispatch.TaskChange{Id: "x"}}}
			b, err := proto.Marshal(e)
			require.NoError(t, err)
			events, encoded = append(events, e), append(encoded, b)
		}
		require.NoError(t, f.Append(index, events, encoded))
	}
}

// read returns how many events of the pool lab there are, which are in order.
func read(t *testing.T, f *eventFiles) (n int) {
	var last *dispatch.Position
	require.NoError(t, f.Follow(t.Context(), api.Following{Pool: "lab", Quiet: time.Hour},
		func(events []*dispatch.Event) error {
			for _, e := range events {
				if last != nil {
					require.Negative(t, eventlog.PositionOf(last).Compare(eventlog.PositionOf(e.GetPosition())))
				}
				last = e.GetPosition()
				n++
			}
			return nil
		}))
	return n
}

func TestMissingEventsComeFromAnotherNode(t *testing.T) {
	whole, gappy := openTestEvents(t), openTestEvents(t)
	write(t, whole, 1, 3000)
	write(t, gappy, 1, 10)
	require.NoError(t, gappy.Reach(2900, 0))
	write(t, gappy, 2901, 3000)
	require.ErrorIs(t, gappy.Whole(), eventlog.ErrMissing)

	messages, broken := 0, errors.New("broken")
	breaks := func(_ context.Context, after *dispatch.Position, until uint64,
		take func([]*dispatch.Event, uint64) error) error {
		return whole.send(after, until, func(es []*dispatch.Event, covered uint64) error {
			if messages++; messages == 3 {
				return broken
			}
			return take(es, covered)
		})
	}
	require.ErrorIs(t, gappy.fillGap(t.Context(), map[string]source{"n2": breaks}), broken)
	require.Error(t, gappy.Whole())
	require.NoError(t, gappy.fillGap(t.Context(), map[string]source{"n2": breaks}), "it goes on")
	require.NoError(t, gappy.Whole())
	require.Equal(t, 6000, read(t, gappy))
	require.Equal(t, 6000, read(t, whole))
}

func TestEventsThatNobodyHasAreGivenUp(t *testing.T) {
	gappy := openTestEvents(t)
	write(t, gappy, 1, 10)
	require.NoError(t, gappy.Reach(2000, 0))
	write(t, gappy, 2001, 2010)
	away := func(context.Context, *dispatch.Position, uint64,
		func([]*dispatch.Event, uint64) error) error {
		return errors.New("no answer")
	}
	require.Error(t, gappy.fillGap(t.Context(), map[string]source{"n2": away}))
	require.Error(t, gappy.Whole(), "a node that does not answer may have them")
	forgot := func(_ context.Context, after *dispatch.Position, _ uint64,
		_ func([]*dispatch.Event, uint64) error) error {
		return &eventlog.TooOldError{After: eventlog.PositionOf(after),
			Oldest: eventlog.Position{Index: 1900}}
	}
	require.NoError(t, gappy.fillGap(t.Context(), map[string]source{"n2": forgot}))
	require.Error(t, gappy.Whole(), "those after 1900 are there")
	require.NoError(t, gappy.fillGap(t.Context(), nil))
	require.NoError(t, gappy.Whole())
	require.Equal(t, 20, read(t, gappy))
	old := gappy.Follow(t.Context(), api.Following{Pool: "lab", After: &dispatch.Position{Index: 5}},
		func([]*dispatch.Event) error { return nil })
	var tooOld *eventlog.TooOldError
	require.ErrorAs(t, old, &tooOld)
}
