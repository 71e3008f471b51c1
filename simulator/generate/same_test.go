package generate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/generate"
)

// rich is a spec that uses everything.
func rich() *generate.Spec {
	return &generate.Spec{
		Start:      time.Date(2026, time.April, 8, 9, 30, 0, 0, time.UTC),
		Length:     10 * day,
		LoadFactor: 1.25,
		Counters: map[string]generate.Counter{
			"build": {First: 7, At: []generate.TimeOfDay{"05:00", "17:00"}, Days: []string{"mon", "fri"}},
		},
		Streams: []generate.Stream{
			{
				Name:     "changes",
				Accounts: generate.Mix{"red": 3, "blue": 1, "": 0.5},
				Arrivals: generate.Arrivals{
					PerDay: 60,
					Shape:  generate.ShapeWorkingHours,
					Days:   []float64{1, 1, 1, 1, 0.5, 0.1, 0.1},
					Rushes: []generate.Rush{{Days: []string{"fri"}, From: "12:00", To: "15:30", Factor: 2}},
					Bursts: []generate.Burst{{PerWeek: 2, Length: time.Hour, Factor: 6}},
				},
				Group:               generate.Group{Min: 2, Max: 5},
				Deal:                "even",
				BaseLabels:          []string{"pool:main"},
				BaseMixes:           []generate.Mix{{"model:oak": 2, "model:fir pool:old": 1}, {"": 3, "gpu": 1}},
				ProvisionableLabels: []string{"os:{build}"},
				ProvisionableMixes:  []generate.Mix{{"driver:{build}": 1, "driver:stable": 1}},
				Importances:         generate.Mix{"high": 1, "low": 4},
				Run: generate.RunTime{Quantiles: []generate.Quantile{
					{Percent: 10, Run: time.Minute}, {Percent: 90, Run: time.Hour}}},
				Sizes: map[int]float64{1: 5, 4: 1},
			},
			{
				Name:       "nights",
				Account:    "green",
				Importance: "low",
				Batches:    []generate.Batch{{At: "23:59", Days: []string{"sun", "mon"}, Count: 40, Over: 20 * time.Minute}},
				Run:        generate.RunTime{Median: 10 * time.Minute, P90: time.Hour, Min: time.Minute, Max: 5 * time.Hour},
				Size:       2,
			},
			{
				Name:     "crawl",
				Arrivals: generate.Arrivals{PerDay: 100, Hours: slices.Repeat([]float64{1, 2, 3}, 8)},
				Run:      generate.RunTime{Mean: 3 * time.Minute},
			},
		},
	}
}

// bytesOf returns all that is known of a workload.
func bytesOf(t *testing.T, w *simulator.Workload) []byte {
	t.Helper()
	b, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The same spec and seed give the same bytes, wherever this runs; another seed does not.
func TestSameSeedSameBytes(t *testing.T) {
	const want = "a7b6033d536f8addeffc63169182c3be"
	one := bytesOf(t, workload(t, 1, rich()))
	if two := bytesOf(t, workload(t, 1, rich())); string(one) != string(two) {
		t.Error("two runs differ")
	}
	sum := sha256.Sum256(one)
	if got := hex.EncodeToString(sum[:16]); got != want {
		t.Errorf("got %s, want %s: the submissions are not those of other machines, "+
			"or of the version before", got, want)
	}
	if other := bytesOf(t, workload(t, 2, rich())); string(one) == string(other) {
		t.Error("seeds 1 and 2 give the same submissions")
	}
}

// byStream returns the submissions of a stream.
func byStream(w *simulator.Workload, name string) []simulator.Submission {
	var out []simulator.Submission
	for _, s := range w.Submissions {
		if strings.HasPrefix(s.ID, name+"-") {
			out = append(out, s)
		}
	}
	return out
}

// One more stream changes no submission of the others, and the order of streams does not matter.
func TestStreamsAreApart(t *testing.T) {
	before := workload(t, 1, rich())
	more := rich()
	more.Streams = append([]generate.Stream{steady("another", 300)}, more.Streams...)
	after := workload(t, 1, more)
	for _, name := range []string{"changes", "nights", "crawl"} {
		if len(byStream(before, name)) == 0 {
			t.Errorf("%s has no submissions", name)
		}
		if diff := cmp.Diff(byStream(before, name), byStream(after, name)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", name, diff)
		}
	}
	turned := rich()
	slices.Reverse(turned.Streams)
	if diff := cmp.Diff(before, workload(t, 1, turned)); diff != "" {
		t.Errorf("in another order (-before +after):\n%s", diff)
	}
}

// A stream whose tasks run longer has the same requests at the same times, with the same labels;
// and one with other labels has the same run times.
func TestChoicesAreApart(t *testing.T) {
	before := byStream(workload(t, 1, rich()), "changes")
	longer := rich()
	longer.Streams[0].Run.Quantiles[1].Run = 2 * time.Hour
	for i, s := range byStream(workload(t, 1, longer), "changes") {
		if s.Run < before[i].Run || s.Run > 2*before[i].Run+time.Second {
			t.Fatalf("%s ran for %v and now for %v", s.ID, before[i].Run, s.Run)
		}
		s.Run = before[i].Run
		if diff := cmp.Diff(before[i], s); diff != "" {
			t.Fatalf("with longer tasks (-before +after):\n%s", diff)
		}
	}
	relabelled := rich()
	relabelled.Streams[0].BaseMixes[0]["model:elm"] = 5
	changed := 0
	for i, s := range byStream(workload(t, 1, relabelled), "changes") {
		if !slices.Equal(s.BaseLabels, before[i].BaseLabels) {
			changed++
		}
		s.BaseLabels = before[i].BaseLabels
		if diff := cmp.Diff(before[i], s); diff != "" {
			t.Fatalf("with other labels (-before +after):\n%s", diff)
		}
	}
	if changed == 0 {
		t.Error("no label changed")
	}
}
