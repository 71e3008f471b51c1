package simulator_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// A team with quota takes the one worker from a free task, which runs again later.
func ExampleRun() {
	setup := &simulator.Setup{
		Workload: &simulator.Workload{
			Start: time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC),
			Submissions: []simulator.Submission{
				{ID: "crawl", Size: 1, Run: time.Hour, RealWait: simulator.Unknown},
				{ID: "test", Account: "team", Size: 1, Submit: 10 * time.Minute,
					Run: 5 * time.Minute, RealWait: simulator.Unknown},
			},
		},
		Workers: simulator.Machines(1),
		Policy: simulator.Policy{
			Accounts: simulator.Shares{
				Level:     1,
				Rate:      scheduler.Workers(0.5),
				MaxCharge: 2 * time.Hour,
			}.Accounts([]scheduler.AccountID{"team"}),
		},
		Timing: simulator.DefaultTiming(),
	}
	figures, err := simulator.Run(context.Background(), setup)
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range figures.Accounts {
		fmt.Printf("%-6q waited %3.0f s, paid for %3.0f s, had %4.0f s free, lost %3.0f s\n",
			a.Account, a.Wait.MeanSeconds, a.PaidSeconds, a.FreeSeconds, a.LostSeconds)
	}
	// Output:
	// ""     waited 911 s, paid for   0 s, had 4199 s free, lost 599 s
	// "team" waited   6 s, paid for 300 s, had    0 s free, lost   0 s
}
