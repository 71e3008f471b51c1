package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/scheduler"
)

// runTimesFile is a file of run times: quantiles, such as p50, by account and label.
type runTimesFile struct {
	Accounts map[string]quantiles `yaml:"accounts"`
	Labels   map[string]quantiles `yaml:"labels"`
	All      quantiles            `yaml:"all"`
}

// quantiles are the times within which so many percent of tasks are over.
type quantiles map[string]time.Duration

// loadRunTimes reads a file of run times. Errors name the file and the field.
func loadRunTimes(path string) (*forecast.Table, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	root, err := yamltree.Parse(path, text)
	if err != nil {
		return nil, err
	}
	var file runTimesFile
	if err := yamltree.Decode(root, &file); err != nil {
		return nil, err
	}
	table, err := file.table()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return table, nil
}

// table returns what the file says.
func (f *runTimesFile) table() (*forecast.Table, error) {
	t := &forecast.Table{Accounts: map[scheduler.AccountID]*forecast.Distribution{},
		Labels: map[string]*forecast.Distribution{}}
	if len(f.Accounts)+len(f.Labels)+len(f.All) == 0 {
		return nil, fmt.Errorf("has no run times")
	}
	for _, name := range slices.Sorted(maps.Keys(f.Accounts)) {
		d, err := f.Accounts[name].distribution()
		if err != nil {
			return nil, field.In("accounts", field.In(name, err))
		}
		t.Accounts[scheduler.AccountID(name)] = d
	}
	for _, name := range slices.Sorted(maps.Keys(f.Labels)) {
		d, err := f.Labels[name].distribution()
		if err != nil {
			return nil, field.In("labels", field.In(name, err))
		}
		t.Labels[name] = d
	}
	if len(f.All) == 0 {
		return t, nil
	}
	var err error
	if t.All, err = f.All.distribution(); err != nil {
		return nil, field.In("all", err)
	}
	return t, nil
}

// distribution returns what the quantiles say.
func (q quantiles) distribution() (*forecast.Distribution, error) {
	points := make([]forecast.Point, 0, len(q))
	for _, name := range slices.Sorted(maps.Keys(q)) {
		percent, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
		if err != nil || !strings.HasPrefix(name, "p") {
			return nil, field.Errorf(name, "is no quantile; want one such as p50")
		}
		points = append(points, forecast.Point{Share: percent / 100, Time: q[name]})
	}
	return forecast.Quantiles(points...)
}

// writeIndented writes JSON for people, the same on every run: the library that makes it adds
// spaces at random.
func writeIndented(w io.Writer, text []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}
