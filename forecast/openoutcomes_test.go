package forecast_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	durations "google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// minutely returns the forecast of minute i for ten requests: in the forks all start after a wait.
func minutely(i int, wait time.Duration) *protos.Forecast {
	made := nine.Add(time.Duration(i) * time.Minute)
	f := &protos.Forecast{Time: timestamppb.New(made), Until: timestamppb.New(made.Add(100 * day)),
		Coverage: 0.8}
	d := durations.New(wait)
	for k := range 10 {
		f.Requests = append(f.Requests, &protos.RequestForecast{
			RequestId:    fmt.Sprintf("r%d-%d", i, k),
			AccountId:    "lab",
			StartInForks: &protos.ForkQuantiles{P10: d, P50: d, P90: d},
			Completion:   &protos.CompletionForecast{InForks: &protos.ForkQuantiles{}},
		})
	}
	return f
}

// seen returns a calibration that has seen forecasts of half an hour, one in each of sixty minutes.
// Six of ten requests started in time, and so many of the others after three hours; the rest of
// them still wait when ten hours are over.
func seen(t *testing.T, late int) *forecast.Calibration {
	c := newCalibration(t)
	for i := range 60 {
		f := minutely(i, 30*time.Minute)
		c.Note(f)
		for k, r := range f.GetRequests() {
			wait := 30 * time.Minute
			if k >= 6 {
				wait = 3 * time.Hour
			}
			if k < 6+late {
				c.Started(scheduler.RequestID(r.GetRequestId()), f.GetTime().AsTime().Add(wait))
			}
		}
	}
	c.Seen(nine.Add(10 * time.Hour))
	return c
}

// answered returns after what time a request starts, earliest and latest, by a calibration, if
// forks say that it waits for so long.
func answered(c *forecast.Calibration, wait time.Duration) (earliest, latest time.Duration) {
	f := minutely(600, wait)
	c.Correct(f)
	r, made := f.GetRequests()[0], f.GetTime().AsTime()
	return r.GetEarliest().AsTime().Sub(made), r.GetLatest().AsTime().Sub(made)
}

// What nothing has outlived goes on by the law: half of it for as long again, a quarter for four
// times as long in all. So if four of ten still wait after ten hours, one of ten waits for forty.
// What is open early goes on as others did.
func TestOpenOutcomesGoOn(t *testing.T) {
	_, latest := answered(seen(t, 0), 30*time.Minute)
	require.InDelta(t, 40, latest.Hours(), 15)

	c := seen(t, 0)
	for k := 6; k < 10; k++ { // of the first ones, which have waited for longest
		c.Started(scheduler.RequestID(fmt.Sprintf("r0-%d", k)), nine.Add(10*time.Hour))
	}
	_, latest = answered(c, 30*time.Minute)
	require.Greater(t, latest, 20*time.Hour, "that some have just started says little of the others")

	_, latest = answered(seen(t, 4), 30*time.Minute)
	require.InDelta(t, 3, latest.Hours(), 0.1, "all are known")

	c = seen(t, 4)
	for i := range 20 { // half of all that were forecast have just begun to wait
		c.Note(minutely(500+i, 30*time.Minute))
	}
	c.Seen(nine.Add(10 * time.Hour))
	_, latest = answered(c, 30*time.Minute)
	require.InDelta(t, 3, latest.Hours(), 0.1, "they say nothing of how long others wait")
}

// Where the past has many times like the new one, it decides; a wait that it has not seen may be
// any, and open outcomes of other cases do not change that.
func TestAnUnseenCaseIsWide(t *testing.T) {
	c := seen(t, 4)
	earliest, latest := answered(c, 30*time.Minute)
	require.InDelta(t, 0.5, earliest.Hours(), 0.05)
	require.InDelta(t, 3, latest.Hours(), 0.1)
	const wait = 24 * time.Hour
	for _, late := range []int{0, 4} {
		earliest, latest = answered(seen(t, late), wait)
		require.Less(t, earliest, wait/5)
		require.Greater(t, latest, 3*wait)
	}
}
