package scheduler

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// Whatever the order in which workers come and go, what is found is what is known.
func TestPollOrderFindsWhatIsKnown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o pollOrder
		known := map[WorkerID]*worker{}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			id := WorkerID(fmt.Sprint("w", rapid.IntRange(0, 5).Draw(t, "worker")))
			w := o.find(known, id)
			if w != known[id] {
				t.Fatalf("%q: found %v, known is %v", id, w, known[id])
			}
			if w == nil {
				known[id] = &worker{id: id}
				o.heard(known[id])
			} else if rapid.IntRange(0, 2).Draw(t, "goes") == 0 {
				delete(known, id)
				w.forgotten = true
				o.forget(w)
			}
			for id, w := range known {
				if w.next != nil && w.next.next != nil && w.next.forgotten {
					t.Fatalf("%q keeps workers that are not known", id)
				}
			}
		}
	})
}

// Workers that poll in turn are found without a look at all of them.
func TestPollOrderKnowsWhoIsNext(t *testing.T) {
	var o pollOrder
	known := map[WorkerID]*worker{}
	for _, id := range []WorkerID{"a", "b", "c"} {
		known[id] = &worker{id: id}
	}
	for _, id := range []WorkerID{"a", "b", "c", "a"} {
		o.find(known, id)
	}
	for _, id := range []WorkerID{"b", "c", "a", "b"} {
		if w := o.find(nil, id); w != known[id] {
			t.Errorf("%q: found %v", id, w)
		}
	}
}
