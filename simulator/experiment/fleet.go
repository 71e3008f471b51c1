package experiment

import (
	"errors"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/generate"
)

// workersMax bounds a fleet.
const workersMax = 1_000_000

// fleetGiven says whether a fleet says anything.
func fleetGiven(f *generate.Fleet) bool { return f.Total != 0 || len(f.Groups) > 0 }

// validateFleet returns an error of package field for each mistake in a fleet that is given.
func validateFleet(f *generate.Fleet) error {
	if !fleetGiven(f) {
		return nil
	}
	return f.Validate()
}

// machines makes a valid fleet. Without one, there are as many workers as the machine of the trace
// had, or 0 if that is not known.
func machines(f *generate.Fleet, real int) ([]simulator.Worker, error) {
	if fleetGiven(f) {
		return f.Workers(), nil
	}
	if real < 1 || real > workersMax {
		return nil, errors.New("is needed, as the log does not say how large its machine was")
	}
	return simulator.Machines(real), nil
}
