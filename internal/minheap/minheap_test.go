package minheap_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/minheap"
)

type number int

func (n number) Before(m number) bool { return n < m }

// A heap does what a slice does that is sorted after each change.
func TestHeapIsASortedSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h minheap.Heap[number]
		want := []number{}
		draw := func() number { return number(rapid.IntRange(0, 100).Draw(t, "x")) }
		t.Repeat(map[string]func(*rapid.T){
			"push": func(*rapid.T) {
				x := draw()
				h.Push(x)
				want = append(want, x)
			},
			"pop": func(*rapid.T) {
				if len(want) > 0 {
					require.Equal(t, want[0], h.Pop())
					want = want[1:]
				}
			},
			"replace the top": func(*rapid.T) {
				if len(want) > 0 {
					x := draw()
					require.Equal(t, want[0], h.ReplaceTop(x))
					want[0] = x
				}
			},
			"delete": func(*rapid.T) {
				x := draw()
				gone := func(y number) bool { return y%7 == x%7 }
				h.Delete(gone)
				want = slices.DeleteFunc(want, gone)
			},
			"fill": func(*rapid.T) {
				h.Reset()
				want = want[:0]
				for range rapid.IntRange(0, 20).Draw(t, "items") {
					x := draw()
					h.Append(x)
					want = append(want, x)
				}
				h.Init()
			},
			"": func(*rapid.T) {
				slices.Sort(want)
				require.Equal(t, len(want), h.Len())
				if len(want) > 0 {
					require.Equal(t, want[0], h.Top())
				}
				require.ElementsMatch(t, want, h.Items())
			},
		})
		for _, x := range want {
			require.Equal(t, x, h.Pop())
		}
	})
}

type key struct{ rank int }

func (k *key) Before(j *key) bool { return k.rank < j.rank }

// An item that moves back in the order while it is the top is put where it belongs.
func TestFixTopMovesTheTopBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h minheap.Heap[*key]
		for range rapid.IntRange(1, 30).Draw(t, "items") {
			h.Push(&key{rapid.IntRange(0, 50).Draw(t, "rank")})
		}
		for range 20 {
			h.Top().rank += rapid.IntRange(0, 20).Draw(t, "by")
			h.FixTop()
			for _, k := range h.Items() {
				require.False(t, k.Before(h.Top()), "%d is less than the top", k.rank)
			}
		}
	})
}

// What left a heap is not kept alive by it.
func TestHeapLetsGo(t *testing.T) {
	var h minheap.Heap[*key]
	for rank := range 10 {
		h.Push(&key{rank})
	}
	items := h.Items()
	h.Pop()
	require.Nil(t, items[9])
	h.Delete(func(k *key) bool { return k.rank%2 == 0 })
	require.Nil(t, items[8])
	h.Reset()
	for _, k := range items {
		require.Nil(t, k)
	}
}
