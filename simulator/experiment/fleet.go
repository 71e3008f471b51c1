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

// Fleet describes the workers: either so many equal ones without labels, or groups of them.
type Fleet struct {
	// Total is the number of workers, without groups. If there is neither, a trace has as many as
	// its machine had.
	Total int `yaml:"total"`
	// Groups are kinds of workers.
	Groups []WorkerGroup `yaml:"groups"`
}

// WorkerGroup is a number of equal workers.
type WorkerGroup struct {
	// Name begins the ids of the workers; empty means "worker".
	Name string `yaml:"name"`
	// Count is how many workers there are.
	Count int `yaml:"count,required"`
	// Labels are on all of them.
	Labels []string `yaml:"labels"`
}

// workersMax bounds a fleet.
const workersMax = 1_000_000

// given says whether the fleet says anything.
func (f *Fleet) given() bool { return f.Total != 0 || len(f.Groups) > 0 }

// validate returns an error of package field for each mistake in a fleet that is given.
func (f *Fleet) validate() error {
	var errs []error
	if f.Total < 0 || f.Total > workersMax {
		errs = append(errs, field.Errorf("total", "%d is not from 0 to %d", f.Total, workersMax))
	}
	if len(f.Groups) > 0 && f.Total != 0 {
		errs = append(errs, field.Errorf("groups", "stand in place of a total"))
	}
	sum := 0
	for i, g := range f.Groups {
		if g.Count < 1 || g.Count > workersMax {
			errs = append(errs, field.In("groups", field.In(field.Index(i),
				field.Errorf("count", "%d is not from 1 to %d", g.Count, workersMax))))
			continue
		}
		sum = min(sum+g.Count, 2*workersMax)
	}
	if sum > workersMax {
		errs = append(errs, field.Errorf("groups", "have more than %d workers", workersMax))
	}
	if len(errs) == 0 {
		errs = append(errs, f.validateNames())
	}
	return errors.Join(errs...)
}

// validateNames returns an error if two workers have the same id.
func (f *Fleet) validateNames() error {
	seen := map[scheduler.WorkerID]bool{}
	for i := range f.Groups {
		for _, w := range f.Groups[i].workers() {
			if seen[w.ID] {
				return field.In("groups", field.In(field.Index(i), field.Errorf("name",
					"two workers would be called %q", w.ID)))
			}
			seen[w.ID] = true
		}
	}
	return nil
}

// machines makes a valid fleet. The machine of a trace had so many real workers, or 0 if that is
// not known.
func (f *Fleet) machines(real int) ([]simulator.Worker, error) {
	if len(f.Groups) == 0 {
		n := cmp.Or(f.Total, real)
		if n < 1 || n > workersMax {
			return nil, errors.New("is needed, as the log does not say how large its machine was")
		}
		return simulator.Machines(n), nil
	}
	var all []simulator.Worker
	for i := range f.Groups {
		all = append(all, f.Groups[i].workers()...)
	}
	return all, nil
}

// workers makes the workers of a group.
func (g *WorkerGroup) workers() []simulator.Worker {
	workers := make([]simulator.Worker, g.Count)
	digits := len(strconv.Itoa(g.Count - 1))
	for n := range workers {
		id := fmt.Sprintf("%s-%0*d", cmp.Or(g.Name, "worker"), digits, n)
		workers[n] = simulator.Worker{ID: scheduler.WorkerID(id), Labels: g.Labels}
	}
	return workers
}
