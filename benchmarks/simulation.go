package benchmarks

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/quotasched/quotasched/examples/experiments"
	"github.com/quotasched/quotasched/simulator/experiment"
)

//go:embed hypercube.yaml
var hypercube []byte

// A Simulation is an experiment that is run as qsim runs it: its policies beside each other, on all
// processors, with all checks.
type Simulation struct {
	// Name is short, What one sentence.
	Name, What string
	// Reach bounds from below how many tasks start in a second.
	Reach float64

	path string
	data []byte
	sets []string // overrides of the file
	real bool     // it replays a real log
}

// Simulations returns all simulations. One of a real log is skipped unless the environment variable
// QSIM_TRACES names a folder that has it; it is only run with long.
func Simulations(long bool) []*Simulation {
	all := []*Simulation{{
		Name: "qsim, idle fleet", Reach: 150_000, path: "hypercube.yaml", data: hypercube,
		What: "A quarter of 128 processors, short jobs of many tasks, and a queue that is mostly empty.",
	}}
	if long {
		const name = "google-2011.yaml"
		data, err := experiments.Files.ReadFile(name)
		must(err)
		all = append(all, &Simulation{
			Name: "qsim, full fleet", Reach: 150_000, path: name, data: data, real: true,
			What: "Google's cluster data of 2011: 614,019 tasks in 20 hours.",
		})
	}
	return all
}

// A SimulationFigure is how many tasks started, and how many in a second of real time.
type SimulationFigure struct {
	Starts int
	Rate   float64
}

// Measure runs the experiment. It returns nil if its log is not to be had.
func (s *Simulation) Measure() *SimulationFigure {
	traces := os.Getenv("QSIM_TRACES")
	if s.real && traces == "" {
		return nil
	}
	e, err := experiment.Load(context.Background(), experiment.LoadOptions{Path: s.path, Data: s.data,
		Sets: s.sets, TraceFolders: []string{traces}})
	must(err)
	defer debug.SetGCPercent(debug.SetGCPercent(experiment.GCPercent))
	results, err := e.Run(context.Background(), experiment.RunOptions{
		Stopwatch: func() time.Duration { return time.Since(epochOfClock) },
	})
	must(err)
	f := &SimulationFigure{}
	for i := range results.Variants {
		for _, r := range results.Variants[i].Runs {
			if all := &r.Figures.All; all.Completed == 0 || all.Lost+all.Unfinished > 0 {
				panic(fmt.Sprintf("%s: %d tasks completed, %d are lost, %d unfinished", s.Name,
					all.Completed, all.Lost, all.Unfinished))
			}
			f.Starts += r.Figures.Pool.Starts
		}
	}
	f.Rate = float64(f.Starts) / results.WallSeconds
	return f
}
