package generate_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/simulator/generate"
)

// Each mistake is told by the path of its field, and nothing else is.
func TestMistakesInASpec(t *testing.T) {
	type spec = generate.Spec
	for _, c := range []struct {
		want  string
		spoil func(s *generate.Spec)
	}{
		{`length: 0s is not from 1m0s to 87840h0m0s`, func(s *spec) { s.Length = 0 }},
		{`start: the year 1969 is not from 1970 to 2200`,
			func(s *spec) { s.Start = time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{`load_factor: NaN is not from 0 to 1,000`, func(s *spec) { s.LoadFactor = math.NaN() }},
		{`streams: there are 0, not from 1 to 1,000`, func(s *spec) { s.Streams = nil }},
		{`counters.build.at: there is no time at which it rises`,
			func(s *spec) { s.Counters["build"] = generate.Counter{} }},
		{`counters.build.at[1]: "5:00" is not a time of day such as "02:00"`, func(s *spec) {
			s.Counters["build"] = generate.Counter{At: []generate.TimeOfDay{"05:00", "5:00"}}
		}},
		{`counters."a b": "a b" is not of letters, digits, - and _ only`, func(s *spec) {
			s.Counters["a b"] = generate.Counter{At: []generate.TimeOfDay{"05:00"}}
		}},
		{`streams[0].name: there is no name`, func(s *spec) { s.Streams[0].Name = "" }},
		{`streams[0].name: "a.b" is not of letters, digits, - and _ only`,
			func(s *spec) { s.Streams[0].Name = "a.b" }},
		{`streams[2].name: "nights" is the name of streams[1], too`,
			func(s *spec) { s.Streams[2].Name = "nights" }},
		{`streams[0].accounts: account is set, too`, func(s *spec) { s.Streams[0].Account = "x" }},
		{`streams[0].accounts.red: a weight of -1 is not from 0 to 1,000,000,000`,
			func(s *spec) { s.Streams[0].Accounts["red"] = -1 }},
		{`streams[0].accounts: no weight is more than 0`,
			func(s *spec) { s.Streams[0].Accounts = generate.Mix{"red": 0} }},
		{`streams[1].account: "a\nb" has a control character`,
			func(s *spec) { s.Streams[1].Account = "a\nb" }},
		{`streams[0].importances: importance is set, too`,
			func(s *spec) { s.Streams[0].Importance = "x" }},
		{`streams[0].arrivals.per_day: -5 is not from 0 to 1,000,000`,
			func(s *spec) { s.Streams[0].Arrivals.PerDay = -5 }},
		{`streams[0].arrivals.shape: "workday" is not a shape; there are ` +
			`flat, nights, waking-hours, working-hours`,
			func(s *spec) { s.Streams[0].Arrivals.Shape = "workday" }},
		{`streams[2].arrivals.hours: there are 23 factors, not 24`,
			func(s *spec) { s.Streams[2].Arrivals.Hours = make([]float64, 23) }},
		{`streams[2].arrivals.hours: no factor is more than 0`,
			func(s *spec) { s.Streams[2].Arrivals.Hours = make([]float64, 24) }},
		{`streams[0].arrivals.days[3]: +Inf is not from 0 to 1,000`,
			func(s *spec) { s.Streams[0].Arrivals.Days[3] = math.Inf(1) }},
		{`streams[0].arrivals.rushes[0].days[0]: "friday" is not one of ` +
			`mon, tue, wed, thu, fri, sat, sun`,
			func(s *spec) { s.Streams[0].Arrivals.Rushes[0].Days = []string{"friday"} }},
		{`streams[0].arrivals.rushes[0].days[1]: fri is there twice`,
			func(s *spec) { s.Streams[0].Arrivals.Rushes[0].Days = []string{"fri", "fri"} }},
		{`streams[0].arrivals.rushes[0].to: 12:00 is not after 12:00`,
			func(s *spec) { s.Streams[0].Arrivals.Rushes[0].To = "12:00" }},
		{`streams[0].arrivals.rushes[0].from: "24:01" is not a time of day such as "02:00"`,
			func(s *spec) { s.Streams[0].Arrivals.Rushes[0].From = "24:01" }},
		{`streams[0].arrivals.bursts[0].per_week: 200 bursts of 1h0m0s are more than a week`,
			func(s *spec) { s.Streams[0].Arrivals.Bursts[0].PerWeek = 200 }},
		{`streams[0].arrivals.bursts[0].length: 0s is not from 1s to 168h0m0s`,
			func(s *spec) { s.Streams[0].Arrivals.Bursts[0].Length = 0 }},
		{`streams[1].batches[0].at: "" is not a time of day such as "02:00"`,
			func(s *spec) { s.Streams[1].Batches[0].At = "" }},
		{`streams[1].batches[0].count: 0 is not from 1 to 1,000,000`,
			func(s *spec) { s.Streams[1].Batches[0].Count = 0 }},
		{`streams[1].arrivals: there are none, and no batches`,
			func(s *spec) { s.Streams[1].Batches = nil }},
		{`streams[0].group.size: min and max are set, too`,
			func(s *spec) { s.Streams[0].Group.Size = 4 }},
		{`streams[0].group.max: 1 is not from 2 to 100,000`,
			func(s *spec) { s.Streams[0].Group.Max = 1 }},
		{`streams[0].base_labels[0]: a label is empty`,
			func(s *spec) { s.Streams[0].BaseLabels[0] = "" }},
		{`streams[0].base_labels[0]: the label "pool main" has a space in it`,
			func(s *spec) { s.Streams[0].BaseLabels[0] = "pool main" }},
		{`streams[0].provisionable_labels[0]: nothing is called "bild" in "os:{bild}"; ` +
			`there are build`,
			func(s *spec) { s.Streams[0].ProvisionableLabels[0] = "os:{bild}" }},
		{`streams[0].provisionable_mixes[0]."x:{build": "x:{build" has a brace without the other one`,
			func(s *spec) { s.Streams[0].ProvisionableMixes[0]["x:{build"] = 1 }},
		{`streams[0].deal: "fair" is neither random nor even`,
			func(s *spec) { s.Streams[0].Deal = "fair" }},
		{`streams[1].size: -2 is not from 0 to 100,000`, func(s *spec) { s.Streams[1].Size = -2 }},
		{`streams[0].sizes: size is set, too`, func(s *spec) { s.Streams[0].Size = 2 }},
		{`streams[0].sizes.0: a size of 0 is not from 1 to 100,000`,
			func(s *spec) { s.Streams[0].Sizes[0] = 1 }},
		{`streams[2].run: one of constant, from and to, median, mean or quantiles is needed`,
			func(s *spec) { s.Streams[2].Run = generate.RunTime{Max: time.Hour} }},
		{`streams[2].run: one of constant, from and to, median, mean or quantiles is needed, ` +
			`not constant with mean`, func(s *spec) { s.Streams[2].Run.Constant = time.Hour }},
		{`streams[1].run.p90: one of p90 and sigma is needed beside the median`,
			func(s *spec) { s.Streams[1].Run.P90 = 0 }},
		{`streams[1].run.p90: 9m0s is not from 10m0s to 8760h0m0s`,
			func(s *spec) { s.Streams[1].Run.P90 = 9 * time.Minute }},
		{`streams[1].run.max: 30s is not from 1m0s to 8760h0m0s`,
			func(s *spec) { s.Streams[1].Run.Max = 30 * time.Second }},
		{`streams[2].run.mean: -1s is not from 1ms to 8760h0m0s`,
			func(s *spec) { s.Streams[2].Run.Mean = -time.Second }},
		{`streams[2].run.to: 1m0s is not from 2m0s to 8760h0m0s`, func(s *spec) {
			s.Streams[2].Run = generate.RunTime{From: 2 * time.Minute, To: time.Minute}
		}},
		{`streams[0].run.quantiles[1].percent: 10 is not more than the 10 before`,
			func(s *spec) { s.Streams[0].Run.Quantiles[1].Percent = 10 }},
		{`streams[0].run.quantiles[1].run: 1s is less than the 1m0s before`,
			func(s *spec) { s.Streams[0].Run.Quantiles[1].Run = time.Second }},
		{`streams[0]: about 5,005,000 requests, with those of the streams before it 5,005,000: ` +
			`more than 5,000,000`, func(s *spec) {
			s.Length, s.LoadFactor = 1001*day, 1
			s.Streams[0] = steady("much", 5000)
		}},
	} {
		s := rich()
		c.spoil(s)
		err := s.Validate()
		if err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
		if w, err := s.Workload("x", 1); w != nil || err == nil {
			t.Errorf("%s: a workload was made", c.want)
		}
	}
	if err := rich().Validate(); err != nil {
		t.Errorf("without mistakes: %v", err)
	}
}

// All mistakes are told at once.
func TestAllMistakesAtOnce(t *testing.T) {
	s := rich()
	s.Length = -1
	s.Streams[0].Group.Size = 9
	s.Streams[2].Arrivals.PerDay = math.Inf(1)
	s.Streams[2].Run.Min = -1
	err := s.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	var fields []string
	for line := range strings.Lines(err.Error()) {
		path, _, _ := strings.Cut(line, ":")
		fields = append(fields, path)
	}
	want := []string{"length", "streams[0].group.size", "streams[2].arrivals.per_day",
		"streams[2].run.min"}
	if !slices.Equal(fields, want) {
		t.Errorf("got %q, want %q", fields, want)
	}
}

func TestMistakesInAFleet(t *testing.T) {
	group := func(g generate.WorkerGroup) generate.Fleet {
		return generate.Fleet{Groups: []generate.WorkerGroup{g}}
	}
	cases := map[string]generate.Fleet{
		`total: the fleet has no workers`:                                      {},
		`total: -1 is not from 0 to 1,000,000`:                                 {Total: -1},
		`groups[0].count: 0 is not from 1 to 1,000,000`:                        group(generate.WorkerGroup{}),
		`groups[0].percent: the fleet has no total that it could be a part of`: group(generate.WorkerGroup{Count: 1, Percent: 5}),
		`groups[0].labels[0]: a label is empty`:                                group(generate.WorkerGroup{Count: 1, Labels: []string{""}}),
		`groups[0].labels[0]: nothing is called "n" in "a:{n}"`:                group(generate.WorkerGroup{Count: 1, Labels: []string{"a:{n}"}}),
		`groups[0].mixes[0]: no weight is more than 0`:                         group(generate.WorkerGroup{Count: 1, Mixes: []generate.Mix{{}}}),
		`groups[0].name: nothing is called "zone" in "{zone}-{n}"; there are n, model`: group(generate.WorkerGroup{
			Count: 3, Name: "{zone}-{n}", Labels: []string{"model:oak"},
			Mixes: []generate.Mix{{"zone:a": 1, "other": 1}}}),
		`groups[0].count: the fleet has a total, so the group needs a percent instead`: {
			Total: 3, Groups: []generate.WorkerGroup{{Count: 3}}},
		`groups: the percentages sum up to 90, not to 100`: {
			Total: 3, Groups: []generate.WorkerGroup{{Name: "a", Percent: 60}, {Name: "b", Percent: 30}}},
		`groups: there are 1,200,000 workers, more than 1,000,000`: {
			Groups: []generate.WorkerGroup{{Name: "a", Count: 600_000}, {Name: "b", Count: 600_000}}},
	}
	for _, want := range slices.Sorted(maps.Keys(cases)) {
		fleet := cases[want]
		if err := fleet.Validate(); fmt.Sprint(err) != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if workers := fleet.Workers(); workers != nil {
			t.Errorf("%s: there are %d workers", want, len(workers))
		}
	}
}

// Two workers of one name are found also where the names came about in different ways.
func TestWorkersOfOneName(t *testing.T) {
	fleet := generate.Fleet{Groups: []generate.WorkerGroup{
		{Name: "a-{n}", Count: 12}, {Name: "a-0{n}", Count: 3},
	}}
	const want = `groups[1].name: a worker of groups[0] is called "a-01", too`
	if err := fleet.Validate(); fmt.Sprint(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
