package generate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
)

// Counter is a number that rises at known times, such as that of the newest build. In labels,
// {name} stands for the number that a counter has when a request is submitted: os:build-{build}.
type Counter struct {
	// First is the number at the start of the workload; 0 or more.
	First int `yaml:"first,omitempty" json:"first,omitempty"`
	// At are the times of the day at which it rises by 1, such as "05:00".
	At []TimeOfDay `yaml:"at" json:"at"`
	// Days are mon, tue and so on. None means every day.
	Days []string `yaml:"days,omitempty" json:"days,omitempty"`
}

// nameBytesMax bounds names, accounts and labels.
const nameBytesMax = 200

// validate returns nil, or an error that names all mistakes.
func (c *Counter) validate() error {
	var all mistakes
	all.number("first", float64(c.First), 0, 1e9)
	if len(c.At) == 0 {
		all.addIn("at", "there is no time at which it rises")
	}
	for i, t := range c.At {
		_, err := t.since()
		all.add(inList("at", i, err))
	}
	all.add(validateDays(c.Days))
	return all.join()
}

// counter is a counter during a workload.
type counter struct {
	first int
	rises []time.Duration
}

// newCounters returns the counters of a valid spec, by name.
func newCounters(s *Spec, c calendar) map[string]counter {
	counters := make(map[string]counter, len(s.Counters))
	for name, from := range s.Counters {
		counters[name] = counter{from.First, c.moments(from.At, from.Days, s.Length, false)}
	}
	return counters
}

// at returns the number at a moment.
func (c counter) at(t time.Duration) int {
	return c.first + sort.Search(len(c.rises), func(i int) bool { return c.rises[i] > t })
}

// checkText returns an error if a text is too long, or is not of characters that one can see.
func checkText(text string) error {
	switch {
	case len(text) > nameBytesMax:
		return fmt.Errorf("it is longer than %s bytes", words.Number(nameBytesMax))
	case !utf8.ValidString(text):
		return errors.New("it is not UTF-8")
	case strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Errorf("%q has a control character", text)
	}
	return nil
}

// checkWorkerLabel returns an error if something is no label of a worker. Unlike in mixes, spaces
// mean nothing there.
func checkWorkerLabel(label string) error {
	if label == "" {
		return errors.New("a label is empty")
	}
	if err := checkText(label); err != nil {
		return err
	}
	return checkBraces(label, nil)
}

// labelCheck returns a function that returns an error if something is no label, where {name} may
// stand for the names that there are.
func labelCheck(names []string) func(label string) error {
	return func(label string) error {
		if err := checkText(label); err != nil {
			return err
		}
		if label == "" {
			return errors.New("a label is empty")
		}
		if strings.ContainsFunc(label, unicode.IsSpace) {
			return fmt.Errorf("the label %q has a space in it", label)
		}
		return checkBraces(label, names)
	}
}

// checkBraces returns an error if a text has braces in it that are not those of {name}.
func checkBraces(text string, names []string) error {
	for rest := text; ; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			return nil
		}
		name, after, closed := strings.Cut(rest[open+1:], "}")
		if rest[open] == '}' || !closed {
			return fmt.Errorf("%q has a brace without the other one", text)
		}
		if !slices.Contains(names, name) {
			if len(names) == 0 {
				return fmt.Errorf("nothing is called %q in %q", name, text)
			}
			return fmt.Errorf("nothing is called %q in %q; there are %s", name, text,
				strings.Join(names, ", "))
		}
		rest = after
	}
}

// validateLabels returns nil, or errors about labels and mixes of them.
func validateLabels(listName, mixesName string, list []string, mixes []Mix,
	check func(string) error) error {
	var all mistakes
	for i, label := range list {
		all.add(inList(listName, i, check(label)))
	}
	for i, mix := range mixes {
		err := mix.validate(func(key string) error {
			for _, label := range strings.Fields(key) {
				if err := check(label); err != nil {
					return err
				}
			}
			return nil
		})
		all.add(inList(mixesName, i, err))
	}
	return all.join()
}

// labeler makes the labels of a stream's requests. Equal sets of labels share their memory.
type labeler struct {
	fixed     []string
	mixes     []choice
	sequences []sequence
	counters  map[string]counter
	names     []string
	made      map[string][]string
}

// newLabeler returns the labeler of a list of labels and mixes. The sequences are those of the
// seed, the stream and the kind of labels.
func newLabeler(fixed []string, mixes []Mix, counters map[string]counter, seed uint64,
	stream, kind string) *labeler {
	l := &labeler{
		fixed:    fixed,
		counters: counters,
		names:    slices.Sorted(maps.Keys(counters)),
		made:     map[string][]string{},
	}
	for i, m := range mixes {
		l.mixes = append(l.mixes, newChoice(m))
		l.sequences = append(l.sequences, newSequence(seed, stream, kind, strconv.Itoa(i)))
	}
	return l
}

// deal returns, for each mix, the places that n requests have in it.
func (l *labeler) deal(n int, even bool) [][]float64 {
	places := make([][]float64, len(l.mixes))
	for i := range l.mixes {
		places[i] = l.sequences[i].places(n, even)
	}
	return places
}

// labels returns the labels of request i of those that places were dealt to, at a moment.
func (l *labeler) labels(t time.Duration, places [][]float64, i int) []string {
	var key []byte
	for m := range l.mixes {
		key = strconv.AppendInt(append(key, ' '), int64(l.mixes[m].at(places[m][i])), 10)
	}
	for _, name := range l.names {
		key = strconv.AppendInt(append(key, ' '), int64(l.counters[name].at(t)), 10)
	}
	labels, ok := l.made[string(key)]
	if ok {
		return labels
	}
	labels = slices.Clone(l.fixed)
	for m := range l.mixes {
		labels = append(labels, strings.Fields(l.mixes[m].keys[l.mixes[m].at(places[m][i])])...)
	}
	for k := range labels {
		for _, name := range l.names {
			number := strconv.Itoa(l.counters[name].at(t))
			labels[k] = strings.ReplaceAll(labels[k], "{"+name+"}", number)
		}
	}
	slices.Sort(labels)
	labels = slices.Compact(labels)
	l.made[string(key)] = labels
	return labels
}

// validateName returns an error if a name is not of letters, digits, - and _.
func validateName(name string) error {
	if name == "" {
		return errors.New("there is no name")
	}
	if err := checkText(name); err != nil {
		return err
	}
	if strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		return fmt.Errorf("%q is not of letters, digits, - and _ only", name)
	}
	return nil
}

// validateCounters returns nil, or errors that name the counters.
func validateCounters(counters map[string]Counter) error {
	var all mistakes
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		c := counters[name]
		all.add(field.In("counters", field.In(name, errors.Join(validateName(name), c.validate()))))
	}
	return all.join()
}
