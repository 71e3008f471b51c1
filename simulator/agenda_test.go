package simulator

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The agenda returns events by time, at one instant in the order in which they were added, ticks
// last; whatever is added and taken in between.
func TestAgendaOrder(t *testing.T) {
	kinds := []eventKind{eventStart, eventEnd, eventTick}
	rapid.Check(t, func(t *rapid.T) {
		var a agenda
		var model []event
		added := uint64(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(model) > 0 && rapid.IntRange(0, 2).Draw(t, "take") == 0 {
				slices.SortStableFunc(model, func(x, y event) int {
					if x.before(&y) {
						return -1
					}
					return 1
				})
				if got := a.take(); got != model[0] {
					t.Fatalf("took %+v, want %+v", got, model[0])
				}
				model = model[1:]
				continue
			}
			e := event{
				at:   time.Duration(rapid.IntRange(0, 5).Draw(t, "at")),
				kind: rapid.SampledFrom(kinds).Draw(t, "kind"),
			}
			a.add(e)
			e.order = added
			added++
			model = append(model, e)
		}
		if a.empty() != (len(model) == 0) {
			t.Fatal("empty() is wrong")
		}
	})
}

func TestTicksComeLast(t *testing.T) {
	var a agenda
	a.add(event{at: 1, kind: eventTick})
	a.add(event{at: 1, kind: eventEnd, worker: 1})
	a.add(event{at: 1, kind: eventEnd, worker: 2})
	a.add(event{at: 0, kind: eventTick})
	var got []event
	for !a.empty() {
		got = append(got, a.take())
	}
	if got[0].at != 0 || got[1].worker != 1 || got[2].worker != 2 || got[3].kind != eventTick {
		t.Errorf("order: %+v", got)
	}
}

func TestNextTurn(t *testing.T) {
	for _, c := range []struct{ t, phase, period, want time.Duration }{
		{0, 0, 5, 0}, {1, 0, 5, 5}, {5, 0, 5, 5}, {6, 0, 5, 10},
		{0, 3, 5, 3}, {3, 3, 5, 3}, {4, 3, 5, 8}, {8, 3, 5, 8}, {9, 3, 5, 13},
	} {
		if got := nextTurn(c.t, c.phase, c.period); got != c.want {
			t.Errorf("nextTurn(%d, %d, %d) = %d, want %d", c.t, c.phase, c.period, got, c.want)
		}
	}
}

func TestDistribution(t *testing.T) {
	values := make([]int64, 100)
	for i := range values {
		values[i] = int64(100-i) * 1000 // 100 s down to 1 s
	}
	got := distribution(values)
	want := Distribution{Count: 100, MeanSeconds: 50.5, P50Seconds: 50, P90Seconds: 90,
		P95Seconds: 95, P99Seconds: 99, MaxSeconds: 100}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := distribution([]int64{7}); got.P50Seconds != 0.007 || got.P99Seconds != 0.007 {
		t.Errorf("one value: %+v", got)
	}
	if got := distribution(nil); got != (Distribution{}) {
		t.Errorf("no values: %+v", got)
	}
}
