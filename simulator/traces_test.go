package simulator_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/trace"
)

// kth is the setup of the KTH-SP2 log that qsim makes by default: accounts from groups, each with
// an equal share at p1, capped at a day, and a burst cover of an hour. Days, if not 0, cuts the log
// short.
func kth(t *testing.T, account string, days int) *simulator.Setup {
	t.Helper()
	dir := os.Getenv("QSIM_TRACES")
	if dir == "" {
		t.Skip("QSIM_TRACES is not set: no real logs to replay")
	}
	loaded, err := trace.Load(t.Context(), &trace.Source{Strict: true,
		File:    filepath.Join(dir, "KTH-SP2-1996-2.1-cln.swf.gz"),
		Mapping: trace.Mapping{Account: account}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "jobs in the log", loaded.Records, 28_476)
	equal(t, "never ran", loaded.NeverRan, 9)
	workload := loaded.Workload
	end := workload.Submissions[0].Submit + time.Duration(days)*24*time.Hour
	for i := range workload.Submissions {
		if days > 0 && workload.Submissions[i].Submit >= end {
			workload.Submissions = workload.Submissions[:i]
			break
		}
	}
	ids := workload.AccountIDs()
	setup := &simulator.Setup{
		Workload: workload,
		Workers:  simulator.Machines(100),
		Timing:   simulator.DefaultTiming(),
	}
	setup.Policy.Scheduler.BurstCover = time.Hour
	setup.Policy.Accounts = simulator.Shares{
		Level:     1,
		Rate:      simulator.EqualRate(100, len(ids)),
		MaxCharge: 24 * time.Hour,
	}.Accounts(ids)
	return setup
}

// The whole KTH log, 333 days on 100 processors: every job that can run does, once, and what is
// printed beside the log's own waits are the log's own waits.
func TestKTH(t *testing.T) {
	setup := kth(t, "group-{group}", slowTestDays)
	f := run(t, setup)
	equal(t, "requests", f.All.Requests, setup.Workload.Requests())
	equal(t, "completed", f.All.Completed, f.All.Requests)
	equal(t, "lost", f.All.Lost, 0)
	equal(t, "trouble", f.Pool.Timeouts+f.Pool.IgnoredNews+f.Pool.ExpiredWorkers, 0)
	if f.All.Preempted == 0 || f.All.PaidSeconds == 0 || f.All.FreeSeconds == 0 {
		t.Errorf("no preemption, or nothing paid or free: %+v", f.All)
	}
	if slowTestDays > 0 {
		return
	}
	equal(t, "requests", f.All.Requests, 218_025)
	equal(t, "accounts", len(f.Accounts), 252)
	// The first number is of the jobs that ran; with the nine others it is 15,296.
	tenths := func(x float64) float64 { return math.Round(x*10) / 10 }
	equal(t, "real mean", tenths(f.Submissions.RealWait.MeanSeconds), 15_291.2)
	equal(t, "real p50", f.Submissions.RealWait.P50Seconds, 300.0)
	equal(t, "real p90", f.Submissions.RealWait.P90Seconds, 36_300.0)
	equal(t, "real utilisation", math.Round(1000*f.Submissions.RealUtilisation), 701.0)
	equal(t, "useful", math.Round(1000*f.Pool.UtilisationUseful), 701.0)
}

// First come first served, without accounts: nothing is preempted, nothing is paid, and requests
// wait as they would in an ideal queue, but for the time that polls, ticks and starts take.
func TestKTHWithoutAccounts(t *testing.T) {
	setup := kth(t, trace.NoAccount, slowTestDays)
	f := run(t, setup)
	equal(t, "completed", f.All.Completed, f.All.Requests)
	equal(t, "preempted", f.All.Preempted, 0)
	equal(t, "paid", f.All.PaidSeconds, 0.0)
	equal(t, "useful", f.Pool.UtilisationUseful, f.Pool.Utilisation)
	ideal := idealMeanWait(setup.Workload, len(setup.Workers)).Seconds()
	if got := f.All.Wait.MeanSeconds; got < ideal || got > ideal+60 {
		t.Errorf("mean wait %v s, in an ideal queue %v s", got, ideal)
	}
}

// idealMeanWait is the mean wait of requests that are served first come first served, without any
// delay, by n workers.
func idealMeanWait(w *simulator.Workload, n int) time.Duration {
	free := make([]time.Duration, n) // when each worker becomes free, in order
	sum := time.Duration(0)
	for _, s := range w.Submissions {
		for range s.Size {
			start := max(free[0], s.Submit)
			sum += start - s.Submit
			end := start + s.Run
			i, _ := slices.BinarySearch(free[1:], end)
			copy(free, free[1:i+1])
			free[i] = end
		}
	}
	return sum / time.Duration(w.Requests())
}
