package generate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/quotasched/quotasched/examples/experiments"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/simulator/generate"
)

// read reads YAML as an experiment's is read.
func read(text []byte, into any) error {
	n, err := yamltree.Parse("a text", text)
	if err != nil {
		return err
	}
	return yamltree.Decode(n, into)
}

// world is a workload with a fleet, as experiments have them.
type world struct {
	Workload generate.Spec  `yaml:"workload"`
	Fleet    generate.Fleet `yaml:"fleet"`
}

// deviceLab returns the world of the example.
func deviceLab(t testing.TB) *world {
	t.Helper()
	text, err := experiments.Files.ReadFile("device-lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file, err := yamltree.Parse("device-lab.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	var w world
	for name, into := range map[string]any{"workload": &w.Workload, "fleet": &w.Fleet} {
		if err := yamltree.Decode(file.Field(name), into); err != nil {
			t.Fatal(err)
		}
	}
	return &w
}

// What is written as YAML and read again is the same.
func TestYAMLRoundTrip(t *testing.T) {
	for name, want := range map[string]*world{
		"rich":       {Workload: *rich(), Fleet: deviceLab(t).Fleet},
		"device lab": deviceLab(t),
	} {
		b, err := yaml.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got world
		if err := read(b, &got); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, b)
		}
		if diff := cmp.Diff(*want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if strings.Contains(string(b), "load_factor: 0") || strings.Contains(string(b), "group: {}") {
			t.Errorf("%s: what is not set is written down:\n%s", name, b)
		}
	}
}

// Times of the day need no quotes, nor do sizes, and a day is a unit.
func TestYAMLAsPeopleWriteIt(t *testing.T) {
	var spec generate.Spec
	if err := read([]byte("length: 2y"), &spec); err == nil {
		t.Error("2y is a length")
	}
	if err := read([]byte("length: 2d"), &spec); err != nil || spec.Length != 2*day {
		t.Errorf("2d is %v, and the error %v", spec.Length, err)
	}
	const good = `
length: 1h30m
streams:
  - name: a
    batches: [{at: 02:00, count: 3}]
    sizes: {1: 3, 16: 0.5}
    run: {p90: 20m, median: 1h2m3s}
`
	if err := read([]byte(good), &spec); err != nil {
		t.Fatal(err)
	}
	want := generate.Spec{Length: 90 * time.Minute, Streams: []generate.Stream{{
		Name:    "a",
		Batches: []generate.Batch{{At: "02:00", Count: 3}},
		Sizes:   map[int]float64{1: 3, 16: 0.5},
		Run:     generate.RunTime{P90: 20 * time.Minute, Median: time.Hour + 123*time.Second},
	}}}
	if diff := cmp.Diff(want, spec); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	const unknown = "length: 1h\nstreams:\n  - nmae: a\n"
	if err := read([]byte(unknown), &spec); err == nil {
		t.Error("an unknown field is known")
	}
}

// bound makes what is large small, and leaves what is wrong as it is.
func bound(s *generate.Spec) {
	s.Length = min(s.Length, 2*day)
	s.LoadFactor = min(s.LoadFactor, 2)
	for i := range s.Streams {
		stream := &s.Streams[i]
		stream.Arrivals.PerDay = min(stream.Arrivals.PerDay, 50)
		for k := range stream.Arrivals.Rushes {
			stream.Arrivals.Rushes[k].Factor = min(stream.Arrivals.Rushes[k].Factor, 2)
		}
		for k := range stream.Arrivals.Bursts {
			stream.Arrivals.Bursts[k].Factor = min(stream.Arrivals.Bursts[k].Factor, 2)
		}
		for k := range stream.Arrivals.Days {
			stream.Arrivals.Days[k] = min(stream.Arrivals.Days[k], 2)
		}
		for k := range stream.Batches {
			stream.Batches[k].Count = min(stream.Batches[k].Count, 20)
		}
		stream.Group.Size = min(stream.Group.Size, 10)
		stream.Group.Max = min(stream.Group.Max, 10)
	}
}

// Whatever bytes are read, nothing panics and everything ends; what is valid gives a workload of
// valid submissions and a fleet.
func FuzzWorld(f *testing.F) {
	for _, w := range []*world{deviceLab(f), {Workload: *rich()}} {
		bound(&w.Workload)
		b, err := yaml.Marshal(w)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint64(1))
	}
	f.Add([]byte("workload:\n  length: 1h\n  streams:\n    - name: a\n      arrivals: "+
		"{per_day: 50}\n      run: {mean: 1m}\nfleet: {total: 3}\n"), uint64(7))
	f.Add([]byte("workload: {streams: !list none}\n"), uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		if len(b) > 20_000 {
			t.Skip("too long to be quick")
		}
		var w world
		if read(b, &w) != nil {
			return
		}
		if len(w.Fleet.Groups) < 5 && w.Fleet.Total < 1000 && w.Fleet.Validate() == nil && len(w.Fleet.Workers()) == 0 {
			t.Error("a valid fleet has no workers")
		}
		bound(&w.Workload)
		made, err := w.Workload.Workload("fuzz", seed)
		if (err == nil) != (w.Workload.Validate() == nil) {
			t.Fatalf("Validate: %v, Workload: %v", w.Workload.Validate(), err)
		}
		if err != nil {
			return
		}
		seen := map[string]bool{}
		before := time.Duration(0)
		for _, s := range made.Submissions {
			if seen[s.ID] || s.Submit < before || s.Submit >= w.Workload.Length || s.Run <= 0 ||
				s.Size <= 0 {
				t.Fatalf("%+v", s)
			}
			seen[s.ID], before = true, s.Submit
		}
	})
}
