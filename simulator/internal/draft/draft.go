// Package draft writes experiment files for logs: the fleet is guessed from what the log used at
// once, and each account is granted what it used on average, so that there is something to begin
// with that runs at once.
package draft

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/generate"
	"github.com/quotasched/quotasched/simulator/trace"
)

// Options say what to write.
type Options struct {
	// Name is the experiment's.
	Name string
	// Source is how the log is read, as it is to stand in the file.
	Source *trace.Source
	// Workload is what was read.
	Workload *simulator.Workload
	// Workers is the size of the fleet; 0 to guess it.
	Workers int
}

// Draft is an experiment file, and what was guessed.
type Draft struct {
	// Text is the file.
	Text []byte
	// Fleet are the workers, and Odd the labels that got none.
	Fleet generate.Fleet
	Odd   []Oddity
}

// accountsMax is how many accounts are named, those that used most; the others share a group.
const accountsMax = 20

// Experiment drafts an experiment: the log, a fleet with labels, and three policies, of which the
// last one grants each account what it used on average.
func Experiment(o Options) (*Draft, error) {
	d := &Draft{}
	d.Fleet, d.Odd = Fleet(o.Workload, o.Workers)
	if err := d.Fleet.Validate(); err != nil {
		return nil, fmt.Errorf("the fleet of this log cannot stand in a file: %w", err)
	}
	var b bytes.Buffer
	b.WriteString(`# A first experiment for this log. The fleet is guessed: it has as many workers of
# each kind as the log used at once, and should be what there really is.
`)
	fmt.Fprintf(&b, "name: %s\n\n", quote(o.Name))
	if err := writeSource(&b, o.Source); err != nil {
		return nil, err
	}
	d.writeFleet(&b)
	d.writePolicies(&b, o.Workload)
	d.Text = b.Bytes()
	return d, nil
}

// writeSource writes how the log is read.
func writeSource(b *bytes.Buffer, s *trace.Source) error {
	text, err := yaml.MarshalWithOptions(map[string]any{"trace": s}, yaml.UseSingleQuote(true))
	if err != nil {
		return fmt.Errorf("the log's source: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(strings.TrimSpace(line), "{}") && // an empty table says nothing
			!strings.HasSuffix(strings.TrimSpace(line), "provisionable_labels: []") {
			b.WriteString(line)
		}
	}
	b.WriteString("\n")
	return nil
}

// writeFleet writes the workers.
func (d *Draft) writeFleet(b *bytes.Buffer) {
	if len(d.Fleet.Groups) == 0 {
		fmt.Fprintf(b, "fleet: {total: %d}\n\n", d.Fleet.Total)
		return
	}
	b.WriteString("fleet:\n  groups:\n")
	for _, g := range d.Fleet.Groups {
		var labels []string
		for _, label := range g.Labels {
			labels = append(labels, quote(label))
		}
		fmt.Fprintf(b, "    - {name: %s, count: %d, labels: [%s]}\n", quote(g.Name), g.Count,
			strings.Join(labels, ", "))
	}
	for _, odd := range d.Odd {
		fmt.Fprintf(b, "    # No worker has %s (requests: %s): it looks like %s.\n", quote(odd.Label),
			words.Number(odd.Requests), quote(odd.Meant))
	}
	b.WriteString("\n")
}

// writePolicies writes the policies.
func (d *Draft) writePolicies(b *bytes.Buffer, w *simulator.Workload) {
	b.WriteString(`policies:
  - name: fifo
    description: No accounts; first come, first served; nothing is preempted.
    builtin: fifo
  - name: fair
    description: Each account has an equal share of the workers at p1.
    builtin: fair
`)
	shares := sharesOf(w)
	if len(shares) == 0 {
		return
	}
	workers := d.Fleet.Total
	for _, g := range d.Fleet.Groups {
		workers += g.Count
	}
	b.WriteString(`  - name: quota
    description: Each account is granted at p1 the part of the fleet that it used in the log.
    accounts:
`)
	for _, s := range shares[:min(len(shares), accountsMax)] {
		fmt.Fprintf(b, "      %s: {rates: {p1: %s}, max_charge: 1d}\n", quote(string(s.account)),
			rate(s.part*float64(workers)))
	}
	if len(shares) > accountsMax {
		rest := 0.0
		for _, s := range shares[accountsMax:] {
			rest += s.part
		}
		fmt.Fprintf(b, "    groups:\n      - {match: \"*\", share: {p1: %s}}\n",
			rate(rest*float64(workers)))
	}
}

// share is the part of all work that was an account's.
type share struct {
	account scheduler.AccountID
	part    float64
}

// sharesOf returns the accounts of a workload, those that used most first; nil if there are none.
func sharesOf(w *simulator.Workload) []share {
	used := map[scheduler.AccountID]float64{}
	all := 0.0
	for i := range w.Submissions {
		s := &w.Submissions[i]
		work := s.Run.Seconds() * float64(s.Size)
		all += work
		if s.Account != "" {
			used[s.Account] += work
		}
	}
	var shares []share
	for _, id := range slices.Sorted(maps.Keys(used)) {
		shares = append(shares, share{id, used[id] / all})
	}
	slices.SortStableFunc(shares, func(a, b share) int { return cmp.Compare(b.part, a.part) })
	return shares
}

// rate writes a number of workers to the tenth, but not as nothing.
func rate(workers float64) string {
	return fmt.Sprint(max(math.Round(workers*10)/10, 0.1))
}

// plainText is what YAML takes for a text without quotes.
var plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_/.-]{3,}$`)

// quote writes a text for YAML. What JSON writes, YAML reads.
func quote(text string) string {
	if plainText.MatchString(text) && !slices.Contains([]string{"true", "false", "null"},
		strings.ToLower(text)) {
		return text
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic("draft: a text that JSON cannot write: " + err.Error())
	}
	return strings.TrimSpace(b.String())
}
