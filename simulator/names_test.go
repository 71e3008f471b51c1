package simulator

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/scheduler"
)

// All requests of a workload are found by their ids, and nothing else is.
func TestNamesFindRequests(t *testing.T) {
	type place struct{ submission, number int }
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[ab]{0,2}(\.[0-3]{1,2}){0,2}`)
		var all []Submission
		taken := map[string]bool{}
		places := map[scheduler.RequestID]place{}
		for range rapid.IntRange(1, 40).Draw(t, "submissions") {
			s := Submission{ID: id.Draw(t, "id"), Size: rapid.IntRange(1, 12).Draw(t, "size")}
			if s.ID == "" || taken[s.ID] {
				continue
			}
			taken[s.ID] = true
			for i := range s.Size {
				places[s.requestID(i)] = place{len(all), i}
			}
			all = append(all, s)
		}
		ambiguous := false
		for _, s := range all {
			for _, of := range all {
				for i := range of.Size {
					ambiguous = ambiguous || of.Size > 1 && string(of.requestID(i)) == s.ID
				}
			}
		}
		n, err := newNames(all)
		if (err != nil) != ambiguous || err != nil && !errors.Is(err, ErrSetup) {
			t.Fatalf("the error of %v is %v", all, err)
		}
		if err != nil {
			return
		}
		for range 200 {
			id := scheduler.RequestID(id.Draw(t, "asked"))
			checkPlace(t, n, id, places[id])
		}
		for id, p := range places { // in any order: each by itself
			checkPlace(t, n, id, p)
			checkPlace(t, n, id+"0", places[id+"0"])
		}
	})
}

func checkPlace(t *rapid.T, n *names, id scheduler.RequestID, want struct{ submission, number int }) {
	submission, number, ok := n.request(id)
	if known := ok && n.submissions[submission].requestID(number) == id; known != ok {
		t.Fatalf("%q is taken for request %d of %q", id, number, n.submissions[submission].ID)
	}
	if ok && (submission != want.submission || number != want.number) {
		t.Fatalf("%q is at %d, %d, want %v", id, submission, number, want)
	}
	if !ok && want != struct{ submission, number int }{} {
		t.Fatalf("%q is not found", id)
	}
}

func TestIDsAreUnique(t *testing.T) {
	all := make([]Submission, 1000)
	for i := range all {
		all[i] = Submission{ID: fmt.Sprint(i), Size: 1}
	}
	all[999].ID = "500"
	if _, err := newNames(all); err == nil || err.Error() != `cannot simulate this: submission "500" appears twice` {
		t.Errorf("the error is %v", err)
	}
}
