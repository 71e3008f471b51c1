package trace

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// maxTextBytes bounds accounts, labels, ids and importances.
const maxTextBytes = 1024

// mapper makes submissions of records by a Mapping.
type mapper struct {
	in                             reader
	account, importance, perWorker template
	base, provisionable            []template
	// noAccount takes the account away, even that of a native log.
	noAccount bool
	single    bool
	interner  interner
	// buffer and list are used again and again.
	buffer []byte
	list   []string
	// perWorkers has what texts of per_worker come to.
	perWorkers map[string]float64
	// unlisted has values that tables lack, by table.
	unlisted map[string]map[string]bool
}

// newMapper finds the mapping's fields in the log. Errors (package field) name all mistakes.
func newMapper(in reader, m *Mapping) (*mapper, error) {
	p := &mapper{in: in, interner: newInterner(), perWorkers: map[string]float64{},
		unlisted: map[string]map[string]bool{}, single: m.Size == SizeSingle,
		noAccount: m.Account == NoAccount}
	var errs []error
	bind := func(name, text string) template {
		t, err := m.template(text)
		if err == nil {
			err = t.bindFields(func(name string) int { return place(in, name) }, in.fields())
		}
		errs = append(errs, field.In(name, err))
		return t
	}
	bindAll := func(name string, texts []string) (all []template) {
		for i, text := range texts {
			t, err := m.template(text)
			if err == nil {
				err = t.bindFields(func(name string) int { return place(in, name) }, in.fields())
			}
			errs = append(errs, field.In(name, field.In(field.Index(i), err)))
			all = append(all, t)
		}
		return all
	}
	if !p.noAccount {
		p.account = bind("account", m.Account)
	}
	p.importance, p.perWorker = bind("importance", m.Importance), bind("per_worker", m.PerWorker)
	p.base = bindAll("base_labels", m.BaseLabels)
	p.provisionable = bindAll("provisionable_labels", m.ProvisionableLabels)
	if text, ok := p.perWorker.constant(); ok && text != "" {
		if _, err := parsePerWorker(text); err != nil {
			errs = append(errs, field.In("per_worker", err))
		}
	}
	return p, errors.Join(errs...)
}

// place returns the place of a field in the records of a log; -1 if they have none of this name.
func place(in reader, name string) int {
	if open, ok := in.(openReader); ok {
		return open.place(name)
	}
	return slices.Index(in.fields(), name)
}

// submission makes a submission of the record that was read last; the times are left to others.
func (p *mapper) submission(r *record, s *simulator.Submission) error {
	if r.given != nil {
		*s = *r.given
		s.BaseLabels = p.interner.list(s.BaseLabels)
		s.ProvisionableLabels = p.interner.list(s.ProvisionableLabels)
		s.Account = scheduler.AccountID(p.interner.text([]byte(s.Account)))
		s.Importance = p.interner.text([]byte(s.Importance))
	}
	if len(r.id) > maxTextBytes {
		return fmt.Errorf("id is longer than %s bytes", words.Number(maxTextBytes))
	}
	s.ID = strings.ToValidUTF8(r.id, "\uFFFD")
	if p.noAccount {
		s.Account = ""
	}
	if len(p.account.parts) > 0 {
		text, _, err := p.text(&p.account)
		if err != nil {
			return fmt.Errorf("account %w", err)
		}
		s.Account = scheduler.AccountID(text)
	}
	if len(p.importance.parts) > 0 {
		text, _, err := p.text(&p.importance)
		if err != nil {
			return fmt.Errorf("importance %w", err)
		}
		s.Importance = text
	}
	if err := p.labels(p.base, &s.BaseLabels); err != nil {
		return fmt.Errorf("base label %w", err)
	}
	if err := p.labels(p.provisionable, &s.ProvisionableLabels); err != nil {
		return fmt.Errorf("provisionable label %w", err)
	}
	return p.size(r, s)
}

// text returns what a template comes to, and whether all of its fields are known.
func (p *mapper) text(t *template) (string, bool, error) {
	var known bool
	p.buffer, known = t.fill(p.buffer[:0], p.in, p.noteUnlisted)
	if len(p.buffer) > maxTextBytes {
		return "", false, fmt.Errorf("is longer than %s bytes", words.Number(maxTextBytes))
	}
	return p.interner.text(p.buffer), known, nil
}

// labels puts labels in place, each once, in the order of their templates, if there are templates.
func (p *mapper) labels(templates []template, to *[]string) error {
	if len(templates) == 0 {
		return nil
	}
	p.list = p.list[:0]
	for i := range templates {
		label, known, err := p.text(&templates[i])
		if err != nil {
			return err
		}
		if known && label != "" && !slices.Contains(p.list, label) {
			p.list = append(p.list, label)
		}
	}
	*to = p.interner.list(p.list)
	return nil
}

// size finds the number of workers.
func (p *mapper) size(r *record, s *simulator.Submission) error {
	per := 1.0
	if len(p.perWorker.parts) > 0 {
		text, _, err := p.text(&p.perWorker)
		if err != nil {
			return fmt.Errorf("per_worker %w", err)
		}
		var ok bool
		if per, ok = p.perWorkers[text]; !ok {
			if per, err = parsePerWorker(text); err != nil {
				return fmt.Errorf("per_worker: %w", err)
			}
			p.perWorkers[text] = per
		}
	}
	// The factor keeps quotients that are whole but for rounding, such as 1.1 / 0.1, whole.
	const almostOne = 1 - 1e-12
	workers := math.Ceil(r.size / per * almostOne)
	if workers > maxSize {
		return errors.New("it needs more than a hundred million workers")
	}
	s.Size = int(workers)
	if p.single {
		s.Size = min(s.Size, 1)
	}
	return nil
}

// parsePerWorker reads how much of the log's size a worker has.
func parsePerWorker(text string) (float64, error) {
	x, err := parseNumber(text)
	if err == nil && !(x > 0 && x <= maxSize) {
		err = fmt.Errorf("%s is not from above 0 to a hundred million", shorten(text))
	}
	return x, err
}

// realWorkers is the size of the machine in workers; 0 if it is not known, or if workers are of
// several sizes.
func (p *mapper) realWorkers(processors int64) int {
	text, constant := p.perWorker.constant()
	if !constant || p.single {
		return 0
	}
	per := 1.0
	if text != "" {
		per, _ = parsePerWorker(text) // newMapper has checked it
	}
	return int(math.Floor(float64(min(max(processors, 0), maxProcessors)) / per))
}

// maxProcessors bounds what a log says of its machine.
const maxProcessors = 1_000_000_000

// noteUnlisted keeps a value that a table lacks, for a note; of each table, 20 at most.
func (p *mapper) noteUnlisted(table, value string) {
	const most = 20
	values := p.unlisted[table]
	if values == nil {
		values = map[string]bool{}
		p.unlisted[table] = values
	}
	if len(values) < most {
		values[strings.Clone(value)] = true
	}
}

// notes says which values tables lack.
func (p *mapper) notes() []string {
	var notes []string
	for _, table := range slices.Sorted(maps.Keys(p.unlisted)) {
		values := slices.Sorted(maps.Keys(p.unlisted[table]))
		notes = append(notes, fmt.Sprintf("table %s lacks these values, which stand for "+
			"themselves: %s", table, list(values)))
	}
	return notes
}
