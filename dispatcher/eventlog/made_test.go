package eventlog_test

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/dispatcher/eventlog"
	"github.com/quotasched/quotasched/protos/dispatch"
)

var (
	quiet = slog.New(slog.DiscardHandler)
	pools = []string{"", "a", "b", "quiet"}
)

// entry makes the events of an entry, the same each time. Every third entry has none.
func entry(index uint64) (events []*dispatch.Event) {
	for n := range uint32(index % 3) {
		events = append(events, &dispatch.Event{
			Position: &dispatch.Position{Index: index, N: n},
			Time:     timestamppb.New(time.Unix(int64(index), 0)),
			Pool:     pools[(index/3+uint64(n))%3],
			Kind: &dispatch.Event_Change{Change: &dispatch.Change{Method: "SetAccount",
				Reason: fmt.Sprintf("entry %d, event %d", index, n)}},
		})
	}
	return events
}

func entries(from, to uint64) (events []*dispatch.Event) {
	for i := from; i <= to; i++ {
		events = append(events, entry(i)...)
	}
	return events
}

// take appends the events of an entry.
func take(l *eventlog.Log, index uint64, events []*dispatch.Event) error {
	var bytes [][]byte
	for _, e := range events {
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
		if err != nil {
			return err
		}
		bytes = append(bytes, b)
	}
	return l.Append(index, events, bytes)
}

func open(t require.TestingT, dir string, o eventlog.Options) *eventlog.Log {
	o.Logger = quiet
	l, err := eventlog.Open(dir, o)
	require.NoError(t, err)
	return l
}

func apply(t require.TestingT, l *eventlog.Log, from, to uint64) {
	for i := from; i <= to; i++ {
		require.NoError(t, take(l, i, entry(i)))
	}
}

// all reads page by page until there is no more.
func all(t require.TestingT, l *eventlog.Log, q eventlog.Query) ([]string, error) {
	texts := []string{}
	for {
		page, err := l.Read(q)
		texts = append(texts, textsOf(page.Events)...)
		if err != nil {
			return texts, err
		}
		require.GreaterOrEqual(t, page.Next.Compare(q.After), 0)
		if q.After = page.Next; !page.More {
			return texts, nil
		}
	}
}

func textsOf(events []*dispatch.Event) (texts []string) {
	for _, e := range events {
		texts = append(texts, fmt.Sprintf("%d.%d %s %s", e.Position.Index, e.Position.N, e.Pool,
			e.GetChange().GetReason()))
	}
	return texts
}

// want is what Read must find after a position, of entries up to one.
func want(q eventlog.Query, until uint64) []string {
	events := slices.DeleteFunc(entries(q.After.Index, until), func(e *dispatch.Event) bool {
		return eventlog.PositionOf(e.Position).Compare(q.After) <= 0 || !q.All && e.Pool != q.Pool
	})
	return append([]string{}, textsOf(events)...)
}
