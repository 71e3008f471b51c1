package trace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// FleetSource names a CSV table of nodes, with a header line, and says which workers they have.
// Texts are templates over its columns.
type FleetSource struct {
	// File is the table's path; it may be gzipped.
	File string `yaml:"file" json:"file"`
	// Preset is the name of a ready mapping for a known table: "openb-nodes". What the other fields
	// say takes its place.
	Preset string `yaml:"preset,omitempty" json:"preset,omitempty"`
	// ID names a node, and its workers: ID if it has one, ID.0, ID.1 and so on if it has more.
	// Empty: nodes are called node-1, node-2 and so on.
	ID string `yaml:"id,omitempty" json:"id,omitempty"`
	// Labels are the templates of the labels of the node's workers, one template a label. A label
	// that comes to nothing, or in which a column is blank, is left out.
	Labels []string `yaml:"labels,omitempty" json:"labels,omitempty"`
	// Count is a template that comes to the number of workers on the node, which may be 0. Without
	// it, 1.
	Count string `yaml:"count,omitempty" json:"count,omitempty"`
	// Tables are what templates such as "{model|models}" look values up in: for each table's name,
	// what stands for which value; "*" stands for all others.
	Tables map[string]map[string]string `yaml:"tables,omitempty" json:"tables,omitempty"`
}

// openbNodes makes a worker of each GPU in the list of nodes of Alibaba's GPU cluster data of 2023.
var openbNodes = FleetSource{ID: "{sn}", Labels: []string{"gpu:{model}"}, Count: "{gpu}"}

// maxWorkers bounds a fleet.
const maxWorkers = 1_000_000

// withPreset returns the source with what its preset has in place of what it lacks itself.
func (s *FleetSource) withPreset() (FleetSource, error) {
	full := *s
	switch s.Preset {
	case "":
	case "openb-nodes":
		full.ID, full.Count = cmp.Or(s.ID, openbNodes.ID), cmp.Or(s.Count, openbNodes.Count)
		full.Labels = orList(s.Labels, openbNodes.Labels)
	default:
		return full, field.Errorf("preset", "there is no preset %q; there is openb-nodes", s.Preset)
	}
	return full, nil
}

// Validate returns nil, or an error (package field) that names all mistakes in the source that
// show without reading the table.
func (s *FleetSource) Validate() error {
	var errs []error
	if s.File == "" {
		errs = append(errs, field.Errorf("file", "no file is named"))
	}
	full, err := s.withPreset()
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	_, err = full.templates(nil)
	return errors.Join(append(errs, err)...)
}

// fleetTemplates are the templates of a FleetSource.
type fleetTemplates struct {
	id, count template
	labels    []template
}

// templates reads the templates, and finds their fields unless columns is nil.
func (s *FleetSource) templates(columns []string) (*fleetTemplates, error) {
	m := Mapping{Tables: s.Tables}
	var errs []error
	read := func(text string) (template, error) {
		t, err := m.template(text)
		if err == nil && columns != nil {
			err = t.bindFields(func(name string) int { return slices.Index(columns, name) }, columns)
		}
		return t, err
	}
	var t fleetTemplates
	var err error
	t.id, err = read(s.ID)
	errs = append(errs, field.In("id", err))
	t.count, err = read(s.Count)
	errs = append(errs, field.In("count", err))
	for i, text := range s.Labels {
		label, err := read(text)
		errs = append(errs, field.In("labels", field.In(field.Index(i), err)))
		t.labels = append(t.labels, label)
	}
	return &t, errors.Join(errs...)
}

// LoadFleet makes the workers of a table of nodes, in its order. A malformed row is an error, which
// names the file and line; so is a fleet without workers, or of more than a million.
func LoadFleet(ctx context.Context, source *FleetSource) ([]simulator.Worker, error) {
	if err := source.Validate(); err != nil {
		return nil, err
	}
	full, err := source.withPreset()
	if err != nil {
		return nil, err
	}
	f, err := open(full.File)
	if err != nil {
		return nil, err
	}
	workers, err := full.workers(ctx, f)
	return workers, errors.Join(err, f.close())
}

// workers reads the table.
func (s *FleetSource) workers(ctx context.Context, f *file) ([]simulator.Worker, error) {
	rows, err := newRows(f, 0)
	if err != nil {
		return nil, err
	}
	t, err := s.templates(rows.names)
	if err != nil {
		return nil, err
	}
	// A mapper fills templates. Its own mapping is empty.
	mapper, err := newMapper(&csvReader{rows: rows}, &Mapping{})
	if err != nil {
		return nil, err
	}
	var workers []simulator.Worker
	seen := map[scheduler.WorkerID]bool{}
	for number := 1; ; number++ {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		err := rows.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		node, count, err := t.node(mapper, number)
		if err == nil && len(workers)+count > maxWorkers {
			err = fmt.Errorf("the fleet has more than a million workers")
		}
		if err != nil {
			return nil, rows.malformed("%w", err)
		}
		for _, w := range node.workers(count) {
			if seen[w.ID] {
				return nil, rows.malformed("a worker %q was there before", w.ID)
			}
			seen[w.ID] = true
			workers = append(workers, w)
		}
	}
	if len(workers) == 0 {
		return nil, fmt.Errorf("%s: there are no workers in it", f.name)
	}
	return workers, nil
}

// node is what a row says of the workers on a node.
type node struct {
	ID     string
	labels []string
}

// node reads the row that was read last.
func (t *fleetTemplates) node(m *mapper, number int) (n node, count int, err error) {
	n.ID = fmt.Sprintf("node-%d", number)
	if len(t.id.parts) > 0 {
		var known bool
		if n.ID, known, err = m.text(&t.id); err != nil {
			return node{}, 0, fmt.Errorf("id %w", err)
		}
		if !known || n.ID == "" {
			return node{}, 0, errors.New("the node has no id")
		}
	}
	if err := m.labels(t.labels, &n.labels); err != nil {
		return node{}, 0, fmt.Errorf("label %w", err)
	}
	if len(t.count.parts) == 0 {
		return n, 1, nil
	}
	text, known, err := m.text(&t.count)
	if err != nil || !known {
		return n, 0, err // no count is none
	}
	x, err := parseNumber(text)
	if err == nil && !(x >= 0 && x <= maxWorkers && x == float64(int(x))) {
		err = fmt.Errorf("%s is not a whole number from 0 to %s", shorten(text),
			words.Number(maxWorkers))
	}
	if err != nil {
		return node{}, 0, fmt.Errorf("count: %w", err)
	}
	return n, int(x), nil
}

// workers makes the workers of a node.
func (n *node) workers(count int) []simulator.Worker {
	workers := make([]simulator.Worker, count)
	for i := range workers {
		id := n.ID
		if count > 1 {
			id = fmt.Sprintf("%s.%d", n.ID, i)
		}
		workers[i] = simulator.Worker{ID: scheduler.WorkerID(id), Labels: n.labels}
	}
	return workers
}

// AddAlternatives returns the fleet with the labels that stand for alternatives in a workload. A
// request needs all of its base labels, so one that can run on any of several kinds of worker has
// one label for them, such as "gpu:A|B", and this gives it to all workers that have "gpu:A" or
// "gpu:B". The workers' other labels stay; nothing is changed in place. Cost: O(workers × sets of
// alternatives).
func AddAlternatives(workers []simulator.Worker, w *simulator.Workload) []simulator.Worker {
	var alternatives []string
	seen := map[string]bool{}
	for i := range w.Submissions {
		for _, label := range w.Submissions[i].BaseLabels {
			if strings.Contains(label, "|") && !seen[label] {
				alternatives = append(alternatives, label)
			}
			seen[label] = true
		}
	}
	out := slices.Clone(workers)
	for i := range out {
		labels := slices.Clone(out[i].Labels)
		for _, a := range alternatives {
			if !slices.Contains(labels, a) && hasAlternative(out[i].Labels, a) {
				labels = append(labels, a)
			}
		}
		out[i].Labels = labels
	}
	return out
}

// hasAlternative says whether one of the labels is one of the alternatives "key:A|B".
func hasAlternative(labels []string, alternatives string) bool {
	key, values, ok := strings.Cut(alternatives, ":")
	prefix := key + ":"
	if !ok {
		prefix, values = "", alternatives
	}
	for value := range strings.SplitSeq(values, "|") {
		if slices.Contains(labels, prefix+value) {
			return true
		}
	}
	return false
}
