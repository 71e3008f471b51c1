package generate

import (
	"fmt"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/quotasched/quotasched/examples/experiments"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// World is a workload with the fleet that it is made for.
type World struct {
	// Workload says what is submitted.
	Workload Spec `yaml:"workload" json:"workload"`
	// Fleet says which workers there are.
	Fleet Fleet `yaml:"fleet" json:"fleet"`
}

// DeviceLab returns the built-in world: a made-up week of a lab in which six teams share 120
// devices. It is that of the example experiment device-lab.yaml, which says it for people.
func DeviceLab() *World {
	const name = "device-lab.yaml"
	var w World
	text, err := experiments.Files.ReadFile(name)
	if err == nil {
		err = yaml.Unmarshal(text, &w)
	}
	if err != nil {
		panic(fmt.Sprintf("%s, which is a part of the program: %v", name, err))
	}
	return &w
}

// DeviceLabSetup returns the built-in week of a seed, with the quotas of DeviceLabPolicy, ready to
// run. The fleet has the same proportions with any number of workers; 0 means 120.
func DeviceLabSetup(seed uint64, workers int) (*simulator.Setup, error) {
	lab := DeviceLab()
	if workers != 0 {
		lab.Fleet.Total = workers
	}
	if err := lab.Fleet.Validate(); err != nil {
		return nil, err
	}
	workload, err := lab.Workload.Workload(
		fmt.Sprintf("built-in device-lab week, seed %d", seed), seed)
	if err != nil {
		return nil, err
	}
	return &simulator.Setup{
		Workload: workload,
		Workers:  lab.Fleet.Workers(),
		Policy:   DeviceLabPolicy(),
		Timing:   simulator.DefaultTiming(),
		Seed:     seed,
	}, nil
}

// DeviceLabPolicy returns the quotas of the six teams, for 120 devices. Balances start full.
func DeviceLabPolicy() simulator.Policy {
	account := func(level scheduler.Priority, workers float64,
		maxCharge time.Duration) simulator.Account {
		shares := simulator.Shares{
			Level:     level,
			Rate:      scheduler.Workers(workers),
			MaxCharge: maxCharge,
		}
		const id = "team"
		return shares.Accounts([]scheduler.AccountID{id})[id]
	}
	cq := account(0, 40, 2*time.Hour)
	cq.Config.Description = "tests of changes before they land"
	bringup := account(1, 4, 4*time.Hour)
	bringup.Config.MaxFanout = 6
	return simulator.Policy{Accounts: map[scheduler.AccountID]simulator.Account{
		"cq":      cq,
		"release": account(1, 15, 4*time.Hour),
		"perf":    account(1, 6, 8*time.Hour),
		"bringup": bringup,
		"nightly": account(2, 40, 4*time.Hour),
		"fuzz":    {},
	}}
}
