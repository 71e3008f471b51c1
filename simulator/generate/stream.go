package generate

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
)

// Stream is a source of submissions: a team, or one kind of its work.
type Stream struct {
	// Name is the stream's own, of letters, digits, - and _. Submissions are called after it:
	// cq-17, or cq-17.3 in a group.
	Name string `yaml:"name" json:"name"`
	// Account pays. Empty: nobody does, and the tasks are free.
	Account scheduler.AccountID `yaml:"account,omitempty" json:"account,omitempty"`
	// Accounts are chosen from for each arrival, in place of Account, with their weights.
	Accounts Mix `yaml:"accounts,omitempty" json:"accounts,omitempty"`
	// Importance is what the submitter says of it; it groups figures, and nothing else.
	Importance string `yaml:"importance,omitempty" json:"importance,omitempty"`
	// Importances are chosen from for each arrival, in place of Importance, with their weights.
	Importances Mix `yaml:"importances,omitempty" json:"importances,omitempty"`
	// Arrivals come at random times.
	Arrivals Arrivals `yaml:"arrivals,omitempty" json:"arrivals,omitempty"`
	// Batches come at fixed times.
	Batches []Batch `yaml:"batches,omitempty" json:"batches,omitempty"`
	// Group makes several submissions of each arrival, such as the tests of one change.
	Group Group `yaml:"group,omitempty" json:"group,omitempty"`
	// BaseLabels must all be on a worker that runs the tasks. In labels, {name} stands for the
	// number of a counter.
	BaseLabels []string `yaml:"base_labels,omitempty" json:"base_labels,omitempty"`
	// BaseMixes add labels to these: of each mix one of its keys, by weight. A key is a label, or
	// several that go together, with spaces between them; an empty one adds none.
	BaseMixes []Mix `yaml:"base_mixes,omitempty" json:"base_mixes,omitempty"`
	// ProvisionableLabels are labels that a worker is given before the task if it lacks them.
	ProvisionableLabels []string `yaml:"provisionable_labels,omitempty" json:"provisionable_labels"`
	// ProvisionableMixes add to these, as BaseMixes do to the base labels.
	ProvisionableMixes []Mix `yaml:"provisionable_mixes,omitempty" json:"provisionable_mixes"`
	// Deal says how the mixes of labels are dealt to what arrives together, a group or a batch:
	// random, each by chance, or even, as near to the weights as can be, so that a group of 12
	// over six models of equal weight has two of each. Empty means random.
	Deal Deal `yaml:"deal,omitempty" json:"deal,omitempty"`
	// Run is how long tasks run.
	Run RunTime `yaml:"run" json:"run"`
	// Size is the number of equal requests in each submission, such as the processors that it
	// wants; at most 100,000. Without it, 1.
	Size int `yaml:"size,omitempty,nonzero" json:"size,omitempty"`
	// Sizes are chosen from for each submission, in place of Size, with their weights.
	Sizes map[int]float64 `yaml:"sizes,omitempty" json:"sizes,omitempty"`
}

// Batch is a number of arrivals at a fixed time.
type Batch struct {
	// At is a time of the day, such as "02:00".
	At TimeOfDay `yaml:"at" json:"at"`
	// Days are mon, tue and so on. None means every day.
	Days []string `yaml:"days,omitempty" json:"days,omitempty"`
	// Count is the number of arrivals, from 1 to 1,000,000.
	Count int `yaml:"count" json:"count"`
	// Over spreads them evenly at random over a time from At on. 0: all come at once.
	Over time.Duration `yaml:"over,omitempty" json:"over,omitempty"`
}

// Group is how many submissions one arrival makes: Size, or a random number from Min to Max.
type Group struct {
	// Size is the number, if it is always the same; at most 100,000. Without it, 1.
	Size int `yaml:"size,omitempty,nonzero" json:"size,omitempty"`
	// Min is the smallest number, if it differs from arrival to arrival; at least 1.
	Min int `yaml:"min,omitempty" json:"min,omitempty"`
	// Max is the largest number, which is as likely as each of the others; at most 100,000.
	Max int `yaml:"max,omitempty" json:"max,omitempty"`
}

// Deal is a way to deal mixes of labels to submissions that arrive together.
type Deal string

// The ways to deal.
const (
	// DealRandom gives each of them its labels by chance.
	DealRandom Deal = "random"
	// DealEven meets the weights in each group and batch, as nearly as can be.
	DealEven Deal = "even"
)

const (
	batchMax = 1_000_000
	groupMax = 100_000
	sizeMax  = 100_000
)

// bounds returns the smallest and the largest size of a group.
func (g Group) bounds() (low, high int) {
	if g.Min != 0 || g.Max != 0 {
		return g.Min, g.Max
	}
	return max(g.Size, 1), max(g.Size, 1)
}

// validate returns nil, or an error that names all mistakes.
func (g Group) validate() error {
	var all mistakes
	if g.Size != 0 && (g.Min != 0 || g.Max != 0) {
		all.addIn("size", "min and max are set, too")
	}
	if g.Min != 0 || g.Max != 0 {
		all.number("min", float64(g.Min), 1, groupMax)
		all.number("max", float64(g.Max), float64(max(g.Min, 1)), groupMax)
	} else {
		all.number("size", float64(g.Size), 0, groupMax)
	}
	return all.join()
}

// validate returns nil, or an error that names all mistakes.
func (b *Batch) validate() error {
	var all mistakes
	all.add(validateTime("at", b.At))
	all.add(validateDays(b.Days))
	all.number("count", float64(b.Count), 1, batchMax)
	all.duration("over", b.Over, 0, week)
	return all.join()
}

// validate returns nil, or an error that names all mistakes; counters are the names of those that
// labels may use.
func (s *Stream) validate(counters []string) error {
	var all mistakes
	all.add(field.In("name", validateName(s.Name)))
	if s.Account != "" && s.Accounts != nil {
		all.addIn("accounts", "account is set, too")
	}
	all.add(field.In("account", checkText(string(s.Account))))
	all.add(validateMix("accounts", s.Accounts, checkText))
	if s.Importance != "" && s.Importances != nil {
		all.addIn("importances", "importance is set, too")
	}
	all.add(field.In("importance", checkText(s.Importance)))
	all.add(validateMix("importances", s.Importances, checkText))
	all.add(field.In("arrivals", s.Arrivals.validate()))
	for i := range s.Batches {
		all.add(inList("batches", i, s.Batches[i].validate()))
	}
	if s.Arrivals.PerDay == 0 && len(s.Batches) == 0 {
		all.addIn("arrivals", "there are none, and no batches")
	}
	all.add(field.In("group", s.Group.validate()))
	check := labelCheck(counters)
	all.add(validateLabels("base_labels", "base_mixes", s.BaseLabels, s.BaseMixes,
		check))
	all.add(validateLabels("provisionable_labels", "provisionable_mixes",
		s.ProvisionableLabels, s.ProvisionableMixes, check))
	if s.Deal != "" && s.Deal != DealRandom && s.Deal != DealEven {
		all.addIn("deal", "%q is neither %s nor %s", string(s.Deal), DealRandom, DealEven)
	}
	all.add(field.In("run", s.Run.validate()))
	all.add(s.validateSizes())
	return all.join()
}

// validateMix returns nil if there is no mix.
func validateMix(name string, m Mix, check func(string) error) error {
	if m == nil {
		return nil
	}
	return field.In(name, m.validate(check))
}

// validateSizes returns nil, or an error that names all mistakes.
func (s *Stream) validateSizes() error {
	var all mistakes
	all.number("size", float64(s.Size), 0, sizeMax)
	if s.Size != 0 && s.Sizes != nil {
		all.addIn("sizes", "size is set, too")
	}
	for _, size := range slices.Sorted(maps.Keys(s.Sizes)) {
		if size < 1 || size > sizeMax {
			all.add(field.In("sizes", field.In(fmt.Sprint(size),
				fmt.Errorf("a size of %s is not from 1 to %s", words.Number(size),
					words.Number(sizeMax)))))
		}
	}
	all.add(validateMix("sizes", sizesMix(s.Sizes), nil))
	return all.join()
}

// mean returns the number of requests of an arrival, on average.
func (s *Stream) mean() float64 {
	low, high := s.Group.bounds()
	size := float64(max(s.Size, 1))
	if len(s.Sizes) > 0 {
		sum, weights := 0.0, 0.0
		for _, n := range slices.Sorted(maps.Keys(s.Sizes)) {
			sum += float64(float64(n) * s.Sizes[n])
			weights += s.Sizes[n]
		}
		size = sum / weights
	}
	return float64(float64(low+high) / 2 * size)
}
