package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/simulator"
)

// ReadResults reads results from their JSON form. Errors say what is wrong with it: that it is
// something else, of another version, or incomplete. Fields that are not known are ignored.
func ReadResults(r io.Reader) (*Results, error) {
	decoder := json.NewDecoder(r)
	var results Results
	if err := decoder.Decode(&results); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("the file is empty, or cut short")
		}
		return nil, fmt.Errorf("not the results of an experiment: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something after the results")
	}
	if results.Variants == nil {
		return nil, errors.New("not the results of an experiment: it has no variants")
	}
	if results.Version != ResultsVersion {
		return nil, fmt.Errorf("results of version %d; this program reads version %d",
			results.Version, ResultsVersion)
	}
	if err := results.validate(); err != nil {
		return nil, err
	}
	return &results, nil
}

// validate returns an error (package field) for what is missing or contradicts itself.
func (r *Results) validate() error {
	var errs []error
	names := map[string]bool{}
	for i := range r.Variants {
		v := &r.Variants[i]
		var err error
		switch {
		case v.Name == "":
			err = field.Errorf("name", "is empty")
		case names[v.Name]:
			err = field.Errorf("name", "%q is the name of another variant", v.Name)
		default:
			err = v.validate()
		}
		names[v.Name] = true
		errs = append(errs, field.In("variants", field.In(field.Index(i), err)))
	}
	return errors.Join(errs...)
}

// validate returns an error for a run that is missing its figures or a seed that stands twice.
func (v *Variant) validate() error {
	seeds := map[uint64]bool{}
	for i, run := range v.Runs {
		var err error
		switch {
		case run.Figures == nil:
			err = field.Errorf("figures", "are missing")
		case run.Figures.Version != simulator.FiguresVersion:
			err = field.In("figures", field.Errorf("version", "is %d; this program reads %d",
				run.Figures.Version, simulator.FiguresVersion))
		case seeds[run.Seed]:
			err = field.Errorf("seed", "%d stands twice", run.Seed)
		}
		if err != nil {
			return field.In("runs", field.In(field.Index(i), err))
		}
		seeds[run.Seed] = true
	}
	return nil
}
