package simulator_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// Each request has its record when it ends; the impossible one when it arrives.
func TestRecords(t *testing.T) {
	setup := preemption()
	setup.Workload.Submissions = append(setup.Workload.Submissions, sub("wide", "x", 12, 1))
	setup.Workload.Submissions[2].Size = 2
	var got []simulator.TaskRecord
	setup.Record = func(r *simulator.TaskRecord) error {
		got = append(got, *r)
		return nil
	}
	run(t, setup)
	const unknown, second = simulator.Unknown, time.Second
	impossible := simulator.TaskRecord{Request: "wide.0", Submission: "wide", Account: "x",
		Outcome: "impossible", Submit: 12 * second, FirstStart: unknown, Start: unknown,
		End: unknown, Level: scheduler.FreeBucket, RealWait: unknown}
	second2 := impossible
	second2.Request = "wide.1"
	equal(t, "records", got, []simulator.TaskRecord{
		impossible, second2,
		{Request: "paid", Submission: "paid", Account: "team", Importance: "high",
			Outcome: "completed", Submit: 10 * second, FirstStart: 11 * second,
			Start: 11 * second, End: 31 * second, Worker: "worker-0", Level: 0, Runs: 1,
			RealWait: 7 * second},
		{Request: "free", Submission: "free", Importance: "low", Outcome: "completed",
			FirstStart: 0, Start: 31 * second, End: 131 * second, Worker: "worker-0",
			Level: scheduler.FreeBucket, Runs: 2, Preemptions: 1, Lost: 10 * second,
			RealWait: unknown},
	})
}

// What has not ended when the run does comes last, in order of id: d provisions and runs, c waits.
func TestRecordsOfAnInterruptedRun(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	d := sub("d", "", 0, 1_000_000)
	d.ProvisionableLabels = []string{"os:b"}
	setup := handMade(1, d, sub("e", "", 0, 10), sub("c", "", 11, 10), sub("a", "", 500_000, 10))
	setup.Timing.Provision = time.Hour
	setup.Progress = func(p simulator.Progress) {
		if p.Now.Sub(monday) > time.Hour {
			cancel()
		}
	}
	var got []string
	setup.Record = func(r *simulator.TaskRecord) error {
		got = append(got, fmt.Sprint(r.Request, " ", r.Outcome, " ", r.Start, " ", r.End, " ",
			r.Provision, " ", r.Worker, " ", r.Level))
		return nil
	}
	f, err := simulator.Run(ctx, setup)
	if err != nil || !f.Partial {
		t.Fatal(f, err)
	}
	equal(t, "records", got, []string{"e completed 0s 10s 0s worker-0 free",
		"c unfinished -1ns -1ns 0s  free", "d unfinished 10s -1ns 1h0m0s worker-0 free"})
	equal(t, "provisioning", f.All.ProvisionSeconds, 3600.0)
}

// An error of Record ends the run, also at the last request.
func TestRecordsThatCannotBeWritten(t *testing.T) {
	full := errors.New("no space left")
	for n := range 2 {
		setup := preemption()
		setup.Record = func(r *simulator.TaskRecord) error {
			if n--; n < 0 {
				return full
			}
			return nil
		}
		_, err := simulator.Run(context.Background(), setup)
		if !errors.Is(err, full) || errors.Is(err, simulator.ErrSetup) {
			t.Errorf("got %v", err)
		}
	}
}
