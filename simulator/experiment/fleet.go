package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/field"
)

// Fleet describes the workers: either so many equal ones, or groups of them.
type Fleet struct {
	// Workers is how many there are; 0 for as many as the machine of the trace had.
	Workers int `yaml:"workers"`
	// Labels are those of each of them.
	Labels []string `yaml:"labels"`
	// Groups are kinds of workers, in place of Workers and Labels.
	Groups []WorkerGroup `yaml:"groups"`
}

// WorkerGroup is a number of equal workers.
type WorkerGroup struct {
	// Name is unique, and begins the ids of the workers.
	Name string `yaml:"name,required"`
	// Workers is how many there are.
	Workers int `yaml:"workers,required"`
	// Labels are those of each of them.
	Labels []string `yaml:"labels"`
}

// workersMax bounds a fleet.
const workersMax = 1_000_000

// validate returns an error of package field for each mistake.
func (f *Fleet) validate() error {
	var errs []error
	if f.Workers < 0 || f.Workers > workersMax {
		errs = append(errs, field.Errorf("workers", "%d is not from 0 to %d", f.Workers,
			workersMax))
	}
	if len(f.Groups) > 0 && (f.Workers != 0 || len(f.Labels) > 0) {
		errs = append(errs, field.Errorf("groups", "stand in place of workers and labels"))
	}
	names, sum := map[string]bool{}, 0
	for i, g := range f.Groups {
		var err error
		switch {
		case g.Name == "":
			err = field.Errorf("name", "is empty")
		case names[g.Name]:
			err = field.Errorf("name", "%q is the name of another group", g.Name)
		case g.Workers < 1 || g.Workers > workersMax:
			err = field.Errorf("workers", "%d is not from 1 to %d", g.Workers, workersMax)
		}
		if err != nil {
			errs = append(errs, field.In("groups", field.In(field.Index(i), err)))
		}
		names[g.Name] = true
		sum = min(sum+max(g.Workers, 0), 2*workersMax)
	}
	if sum > workersMax {
		errs = append(errs, field.Errorf("groups", "have more than %d workers", workersMax))
	}
	return errors.Join(errs...)
}

// machines makes the fleet. A trace's machine had real workers, or 0 if that is not known.
func (f *Fleet) machines(real int) ([]simulator.Worker, error) {
	groups := f.Groups
	if len(groups) == 0 {
		n := cmp.Or(f.Workers, real)
		if n < 1 || n > workersMax {
			return nil, field.Errorf("workers", "is needed, as the workload does not say how "+
				"large its machine was")
		}
		groups = []WorkerGroup{{Name: "worker", Workers: n, Labels: f.Labels}}
	}
	var all []simulator.Worker
	seen := map[scheduler.WorkerID]bool{}
	for i, g := range groups {
		digits := len(strconv.Itoa(g.Workers - 1))
		for n := range g.Workers {
			id := scheduler.WorkerID(fmt.Sprintf("%s-%0*d", g.Name, digits, n))
			if seen[id] {
				return nil, field.In("groups", field.In(field.Index(i), field.Errorf("name",
					"two workers would be called %q", id)))
			}
			seen[id] = true
			all = append(all, simulator.Worker{ID: id, Labels: g.Labels})
		}
	}
	return all, nil
}
