package expiry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/expiry"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A lease is an item of which something may be heard.
type lease struct {
	heard   time.Time
	watched bool
	gone    bool
}

// What expires is what was not heard of for too long, at once and once, whatever is heard of the
// others meanwhile; and the queue never grows beyond twice the living.
func TestQueueFindsWhatExpires(t *testing.T) {
	const limit = 100 * time.Second
	rapid.Check(t, func(t *rapid.T) {
		var q expiry.Queue[time.Time, *lease]
		now := epoch
		living := map[*lease]bool{}
		watch := func(l *lease) {
			l.watched = true
			q.Push(l.heard, l)
			q.Compact(len(living), func(l *lease) bool { return l.gone })
			require.LessOrEqual(t, q.Len(), max(64, 2*len(living)))
		}
		tooLong := func(since time.Time) bool { return now.Sub(since) > limit }
		all := make([]*lease, 0, 500)
		for range rapid.IntRange(1, 500).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "do") {
			case 0, 1, 2:
				ago := time.Duration(rapid.IntRange(0, 50).Draw(t, "ago")) * time.Second
				l := &lease{heard: now.Add(-ago)}
				living[l] = true
				all = append(all, l)
				watch(l)
			case 3:
				if len(all) > 0 {
					rapid.SampledFrom(all).Draw(t, "heard").heard = now
				}
			case 4:
				if len(all) > 0 {
					l := rapid.SampledFrom(all).Draw(t, "gone")
					l.gone = true
					delete(living, l)
				}
			case 5:
				now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "later")) * time.Second)
				want := map[*lease]bool{}
				for l := range living {
					if tooLong(l.heard) {
						want[l] = true
					}
				}
				for l, ok := q.PopDue(tooLong); ok; l, ok = q.PopDue(tooLong) {
					require.True(t, l.watched, "popped once")
					l.watched = false
					switch {
					case l.gone:
					case tooLong(l.heard):
						require.True(t, want[l], "expires once, and late enough")
						delete(want, l)
						delete(living, l)
						l.gone = true
					default:
						watch(l)
					}
				}
				require.Empty(t, want, "expired and not found")
			}
		}
		found := 0
		for since, l := range q.All() {
			if living[l] {
				found++
				require.False(t, since.After(l.heard), "is looked at too late")
			}
		}
		require.Equal(t, len(living), found)
	})
}

type second int64

func (s second) Before(r second) bool { return s < r }

// A pool of 100,000 idle workers in which one more is due, and was heard of a little ago: what each
// worker costs once in the time after which it expires.
func BenchmarkStillIdle(b *testing.B) {
	const workers = 100_000
	var q expiry.Queue[second, *int]
	now := second(0)
	for range workers {
		q.Push(now, new(int))
		now++
	}
	due := func(since second) bool { return since < now-workers/2 }
	for b.Loop() {
		now++
		w, ok := q.PopDue(due)
		if !ok {
			b.Fatal("none is due")
		}
		q.Push(now-10, w)
	}
}
