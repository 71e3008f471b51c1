package orderedlist_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/orderedlist"
)

type number int

func (n number) Before(m number) bool { return n < m }

// A list does what a sorted slice does, also where it grows and shrinks at one end.
func TestListIsASortedSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := make([]number, rapid.IntRange(0, 400).Draw(t, "items to begin with"))
		for i := range want {
			want[i] = number(3 * i)
		}
		l := orderedlist.Of(want)
		atFront := rapid.IntRange(0, 10).Draw(t, "at front")
		atBack := rapid.IntRange(0, 10).Draw(t, "at back")
		for range rapid.IntRange(1, 2000).Draw(t, "steps") {
			x := number(rapid.IntRange(0, 1500).Draw(t, "x"))
			if n := len(want); n > 0 {
				if int(x)%11 < atFront {
					x = want[0] - 1
				} else if int(x)%13 < atBack {
					x = want[n-1] + 1
				}
			}
			i, has := slices.BinarySearch(want, x)
			switch {
			case has:
				require.True(t, l.Remove(x), "%d is in the list", x)
				want = slices.Delete(want, i, i+1)
			case len(want) > 0 && rapid.IntRange(0, 5).Draw(t, "pop") == 0:
				require.Equal(t, want[0], l.PopFirst())
				want = want[1:]
			case rapid.IntRange(0, 3).Draw(t, "grow") == 0:
				require.False(t, l.Remove(x), "%d is not in the list", x)
			case i == len(want):
				l.Append(x)
				want = append(want, x)
			default:
				l.Insert(x)
				want = slices.Insert(want, i, x)
			}
		}
		require.Equal(t, want, append(want[:0:0], slices.Collect(l.All())...))
		require.Equal(t, len(want), l.Len())
		if len(want) > 0 {
			require.Equal(t, want[0], l.First())
			require.Equal(t, want[len(want)-1], l.Last())
		}
		checkSearches(t, &l, want, number(rapid.IntRange(-1, 1501).Draw(t, "sought")))
	})
}

// checkSearches checks what is found around x.
func checkSearches(t *rapid.T, l *orderedlist.List[number], want []number, x number) {
	i, _ := slices.BinarySearch(want, x)
	prev, ok := l.Previous(x)
	require.Equal(t, i > 0, ok)
	if ok {
		require.Equal(t, want[i-1], prev)
	}
	notBefore := func(y number) bool { return y >= x }
	next, ok := l.Search(notBefore)
	require.Equal(t, i < len(want), ok)
	if ok {
		require.Equal(t, want[i], next)
	}
	require.Equal(t, i, l.Rank(notBefore))
}

// Whoever stops going through a list gets no more of it.
func TestAllStopsWhenAsked(t *testing.T) {
	var l orderedlist.List[number]
	for x := range number(1000) {
		l.Append(x)
	}
	var got []number
	for x := range l.All() {
		if x == 3 {
			break
		}
		got = append(got, x)
	}
	require.Equal(t, []number{0, 1, 2}, got)
}

type item struct{ rank int }

func (x *item) Before(y *item) bool { return x.rank < y.rank }

// What a queue of requests does: items join at the end, and leave at the front.
func BenchmarkQueue(b *testing.B) {
	var l orderedlist.List[*item]
	items := make([]item, 1000)
	for i := range items {
		items[i].rank = i
		l.Append(&items[i])
	}
	next := len(items)
	for b.Loop() {
		x := l.PopFirst()
		x.rank = next
		next++
		l.Insert(x)
	}
	require.Equal(b, len(items), l.Len())
}

// What runs do: they join and leave anywhere.
func BenchmarkAnywhere(b *testing.B) {
	var l orderedlist.List[*item]
	items := make([]item, 10_000)
	for i := range items {
		items[i].rank = i
		l.Append(&items[i])
	}
	i := 0
	for b.Loop() {
		x := &items[i*7919%len(items)]
		i++
		l.Remove(x)
		l.Insert(x)
	}
	require.Equal(b, len(items), l.Len())
}
