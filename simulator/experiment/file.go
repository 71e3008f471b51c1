package experiment

import (
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/generate"
	"github.com/quotasched/quotasched/simulator/trace"
)

// File is an experiment as its YAML file says it. Durations are written as 90s, 10m, 1h30m or 7d.
type File struct {
	// Name is the experiment's, for people.
	Name string `yaml:"name,required"`
	// Description says what it is to find out.
	Description string `yaml:"description"`
	// Trace is a log to replay. There is either a trace or a workload.
	Trace *trace.Source `yaml:"trace"`
	// Workload describes a made-up workload; each seed makes another one.
	Workload *generate.Spec `yaml:"workload"`
	// Fleet are the workers. A trace that knows how large its machine was needs none: without it,
	// there are so many equal workers without labels.
	Fleet generate.Fleet `yaml:"fleet"`
	// Nodes is a table of nodes, in CSV, whose workers are the fleet, in place of fleet. Its file is
	// looked for where that of a trace is.
	Nodes *trace.FleetSource `yaml:"nodes"`
	// Timing says how long things take in the simulated world.
	Timing simulator.Timing `yaml:"timing"`
	// Faults says what goes wrong, and how often.
	Faults simulator.Faults `yaml:"faults"`
	// WarmUp is a time from the first submission on that counts in no figure, so that these do not
	// show how a pool fills that was empty at first.
	WarmUp time.Duration `yaml:"warm_up"`
	// Seeds are those of the runs of each policy: a list, or how many, from 1 on. A seed decides
	// the workload, if that is made up, when workers poll, and which faults happen.
	Seeds Seeds `yaml:"seeds"`
	// Policies are what is compared. The first one is what the others are compared with.
	Policies []Policy `yaml:"policies,required"`
	// Sweep runs policies again with other values in fields of this file, in all combinations. A
	// field of a policy concerns that policy alone, any other one all of them.
	Sweep []Sweep `yaml:"sweep"`
	// Goals are what a tuning is to reach, each METRIC@ACCOUNT=BOUND, such as wait_p95@cq=3m; as
	// METRIC=BOUND for every account by itself, and METRIC@*=BOUND for all together.
	Goals []Goal `yaml:"goals"`
	// Minimize is what a tuning makes as small as the goals allow, METRIC@ACCOUNT or a metric of the
	// pool, such as workers; METRIC alone is that of the worst account. Without it, lost@*.
	Minimize Objective `yaml:"minimize"`
	// Knobs are the fields that a tuning may change. Without them, they are the rates, caps and
	// limits of the policy.
	Knobs []Knob `yaml:"knobs"`
	// Report says what reports show.
	Report Report `yaml:"report"`
}

// SetDefaults implements yamltree.Defaulter.
func (f *File) SetDefaults() {
	f.Timing = simulator.DefaultTiming()
	f.Seeds = Seeds{1}
	f.Minimize = Objective{figure{text: "lost@*", metric: goalMetricOf("lost"), all: true}}
	f.Report = Report{SeriesPoints: 200, TopAccounts: 20}
}

// Report says what reports show.
type Report struct {
	// SeriesPoints is how many points a chart over time has at most, from 0 (no such charts) to
	// 10,000. The series of a variant are those of its first seed.
	SeriesPoints int `yaml:"series_points"`
	// TopAccounts is how many accounts have rows and charts of their own, those that used most; 0
	// for all.
	TopAccounts int `yaml:"top_accounts"`
	// By has the keys of labels by whose values figures are grouped, such as pool: utilisation, queue
	// and waits of each pool. Without it, that is the key that most requests have, if at least half of
	// them do, and its values in the fleet are 2 to 20.
	By []string `yaml:"by"`
}

// Sweep is a field and the values that it is to have, one after the other.
type Sweep struct {
	// Field is the path of a field of this file, such as policies.quota.accounts.cq.rates.p0 or
	// fleet.total. An element of a list is called by its name or its number from 0, and names
	// with points in them stand in quotes.
	Field string `yaml:"field,required"`
	// Values are what it is to have, each as the field itself takes it.
	Values []*yamltree.Node `yaml:"values,required"`
}

// Knob is a field that a tuning may change, and its range.
type Knob struct {
	// Field is the path of a field of a policy, of the fleet or of the timing, as that of a sweep: a
	// number or a duration.
	Field string `yaml:"field,required"`
	// From is the lower end of the range, as the field itself takes it.
	From *yamltree.Node `yaml:"from,required"`
	// To is the upper end.
	To *yamltree.Node `yaml:"to,required"`
	// Scale is how steps are measured: linear (without it), equal differences; or log, equal
	// factors.
	Scale Scale `yaml:"scale"`
	// Whole allows whole numbers only. The size of a fleet, fanouts and limits of labels are whole
	// anyway.
	Whole bool `yaml:"whole"`
}

// Scale says what equal steps are.
type Scale string

// The scales.
const (
	Linear Scale = "linear"
	Log    Scale = "log"
)

// Seeds are the seeds of the runs: a list, or how many, from 1 on.
type Seeds []uint64

// UnmarshalTree implements yamltree.Unmarshaler.
func (s *Seeds) UnmarshalTree(n *yamltree.Node, d *yamltree.Decoder) {
	if n.Kind == yamltree.List {
		var list []uint64
		d.Decode(n, &list)
		seen := map[uint64]bool{}
		for i, seed := range list {
			if seen[seed] {
				d.Wrong(n.Items[i], "%d stands twice", seed)
			}
			seen[seed] = true
		}
		*s = list
	} else {
		count := 0
		d.Decode(n, &count)
		if count > runsMax {
			d.Wrong(n, "%s are more than %s", words.Number(count), words.Number(runsMax))
			return
		}
		*s = nil
		for i := range count {
			*s = append(*s, uint64(i)+1)
		}
	}
	if len(*s) == 0 && n.Kind != yamltree.Text {
		d.Wrong(n, "there is no seed")
	}
}

// JSONSchema implements yamltree.Schemer.
func (*Seeds) JSONSchema() (schema, words string) {
	return `{"anyOf": [{"type": "integer", "minimum": 1, "maximum": 1000},
		{"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1,
		"uniqueItems": true}]}`, "number, or list of numbers; 1 without it"
}
