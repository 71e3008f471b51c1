package scheduler

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A fifo must do what a slice does that is appended to and cut at the front.
func TestFifoIsASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q fifo[int]
		var want []int
		for i := range rapid.IntRange(1, 500).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"push", "push", "pop", "pop", "remove"}).Draw(t, "do") {
			case "push":
				q.push(i)
				want = append(want, i)
			case "pop":
				if len(want) > 0 {
					q.pop()
					want = want[1:]
				}
			case "remove":
				odd := func(i int) bool { return i%7 == 3 }
				q.remove(odd)
				want = slices.DeleteFunc(slices.Clone(want), odd)
			}
			if !slices.Equal(q.all(), want) || q.len() != len(want) {
				t.Fatalf("after step %d there are %v, want %v", i, q.all(), want)
			}
			if len(want) > 0 && q.last() != want[len(want)-1] {
				t.Fatalf("after step %d the last one is %d of %v", i, q.last(), want)
			}
		}
	})
}

// What goes round and round in a fifo needs no more memory, and what left it is let go.
func TestFifoReusesItsMemory(t *testing.T) {
	var q fifo[*int]
	for range 1000 {
		q.push(new(int))
	}
	if n := testing.AllocsPerRun(10, func() {
		for range 10_000 {
			x := q.all()[0]
			q.pop()
			q.push(x)
		}
	}); n > 1 {
		t.Errorf("10,000 items through a fifo of 1,000 cost %v allocations", n)
	}
	for _, gone := range q.items[:q.head] {
		if gone != nil {
			t.Fatal("an item that left is still referred to")
		}
	}
}
