package forecast_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// observe notes a request of an account for a phone.
func observe(a *forecast.Arrivals, account scheduler.AccountID, at time.Time,
	run time.Duration) scheduler.RequestID {
	id := scheduler.RequestID(fmt.Sprint(account, " ", at.Unix()))
	a.Observe(&scheduler.TaskRequest{ID: id, Account: account, BaseLabels: []string{"phone"},
		EnqueueTime: at}, at, string(id))
	if run > 0 {
		a.Ran(id, run)
	}
	return id
}

// busyMornings is the pool of queue, in which the account "rich" can pay for p0, with a record of
// three weeks in which it sent a task of half an hour each ten minutes from nine to ten, and "night"
// one of nine hours at midnight.
func busyMornings(t *testing.T) (*protos.Pool, *forecast.Arrivals) {
	t.Helper()
	p, err := pool.Restore(queue(t))
	require.NoError(t, err)
	_, err = p.Apply(t.Context(), pool.AddAccount(nine.Add(10*time.Minute), pool.Account{ID: "rich",
		Config: &scheduler.AccountConfig{ChargeRate: [scheduler.NumPriorities]scheduler.Rate{
			scheduler.Workers(9)}, MaxCharge: day},
		Balance: scheduler.Balance{scheduler.WorkerSeconds(1e6)}}), nil)
	require.NoError(t, err)
	a := forecast.NewArrivals(forecast.ArrivalOptions{})
	for midnight := nine.Add(-9 * time.Hour).Add(-21 * day); midnight.Before(nine); {
		observe(a, "night", midnight, 9*time.Hour)
		for k := range time.Duration(6) {
			if at := midnight.Add(9*time.Hour + k*10*time.Minute); at.Before(nine) {
				observe(a, "rich", at, 30*time.Minute)
			}
		}
		midnight = midnight.Add(day)
	}
	a.Seen(nine.Add(10 * time.Minute))
	return p.Snapshot(), a
}

// What came at this hour of other days comes again, and overtakes; what came at other hours does
// not.
func TestArrivalsOvertake(t *testing.T) {
	snapshot, arrivals := busyMornings(t)
	table := &forecast.Table{All: forecast.Exactly(30 * time.Minute)}
	alone := run(t, snapshot, table, forecast.Options{})
	o := forecast.Options{Arrivals: arrivals, Horizon: day}
	busy := run(t, snapshot, table, o)
	require.Equal(t, nine.Add(30*time.Minute), alone.GetRequests()[0].GetLikely().AsTime())
	// Five of half an hour come in the rest of the hour.
	likely := busy.GetRequests()[0].GetLikely().AsTime()
	require.WithinRange(t, likely, nine.Add(2*time.Hour), nine.Add(4*time.Hour))
	require.True(t, proto.Equal(busy, run(t, snapshot, table, o)), "another answer the second time")
	codes := map[string]bool{}
	for _, a := range busy.GetAssumptions() {
		codes[a.GetCode()] = true
	}
	require.True(t, codes["Arrivals"] && !codes["NoNewArrivals"], "%v", codes)
}

// The running test is stopped by what arrives: its completion counts that.
func TestCompletionsCountPreemption(t *testing.T) {
	snapshot, arrivals := busyMornings(t)
	for _, w := range snapshot.GetScheduler().GetWorkers() {
		require.NotNil(t, w.GetRun())
	}
	f := run(t, snapshot, &forecast.Table{All: forecast.Exactly(8 * time.Hour)},
		forecast.Options{Arrivals: arrivals, Horizon: 3 * day,
			Requests: []scheduler.RequestID{"test"}})
	r := f.GetRequests()[0]
	require.Equal(t, protos.RequestForecast_ANSWER_ON_WORKER, r.GetAnswer())
	c := r.GetCompletion()
	require.Greater(t, c.GetPreempted(), 0.5)
	// Without preemption it would be complete at five in the afternoon.
	require.True(t, c.GetLikely() == nil || c.GetLikely().AsTime().After(nine.Add(8*time.Hour)),
		"%v", c)
}

func TestARecordOfArrivalsIsBounded(t *testing.T) {
	a := forecast.NewArrivals(forecast.ArrivalOptions{Keep: day, Max: 30})
	for i := range 100 {
		observe(a, "lab", nine.Add(time.Duration(i)*time.Hour), time.Minute)
	}
	require.Equal(t, 25, a.Len(), "those of the last day")
	require.LessOrEqual(t, a.Span(), day)
	for i := range 100 {
		observe(a, "lab", nine.Add(100*time.Hour+time.Duration(i)*time.Minute), time.Minute)
	}
	require.Equal(t, 30, a.Len())
	// One that was preempted and comes again is no arrival.
	last := nine.Add(100*time.Hour + 99*time.Minute)
	observe(a, "lab", last, 0)
	require.Equal(t, 30, a.Len())
}
