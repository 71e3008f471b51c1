package forecast_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	durations "google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

func newCalibration(t *testing.T) *forecast.Calibration {
	t.Helper()
	c, err := forecast.NewCalibration(forecast.CalibrationOptions{Pool: "lab"})
	require.NoError(t, err)
	return c
}

// hourly returns the forecast of hour i for five requests: in the forks they start within 20 to 40
// minutes and run for ten.
func hourly(i int) *protos.Forecast {
	made := nine.Add(time.Duration(i) * time.Hour)
	f := &protos.Forecast{Time: timestamppb.New(made), Until: timestamppb.New(made.Add(day)),
		Coverage:    0.8,
		Assumptions: []*protos.Assumption{{Code: "NotCalibrated"}},
		Caveats:     []*protos.Caveat{{Code: "NotCalibrated"}, {Code: "ShortRecord"}}}
	minutes := func(n time.Duration) *durations.Duration { return durations.New(n * time.Minute) }
	for k := range 5 {
		f.Requests = append(f.Requests, &protos.RequestForecast{
			RequestId: fmt.Sprintf("r%d-%d", i, k),
			AccountId: "lab",
			Answer:    protos.RequestForecast_ANSWER_STARTS,
			StartInForks: &protos.ForkQuantiles{P10: minutes(20), P50: minutes(30),
				P90: minutes(40)},
			Completion: &protos.CompletionForecast{InForks: &protos.ForkQuantiles{
				P10: minutes(30), P50: minutes(40), P90: minutes(50)}},
		})
	}
	return f
}

const day = 24 * time.Hour

// outcomes plays what really happens in an hour: waits are one to three times as long as the forks
// say, and not around their median.
func outcomes(f *protos.Forecast, dice *rand.Rand, real func(id scheduler.RequestID,
	start, end time.Time)) {
	for _, r := range f.GetRequests() {
		wait := time.Duration(float64(30*time.Minute) * (1 + 2*dice.Float64()))
		start := f.GetTime().AsTime().Add(wait)
		real(scheduler.RequestID(r.GetRequestId()), start, start.Add(10*time.Minute))
	}
}

// Forks that are too early, and too sure, are wrong most of the time; corrected by past outcomes,
// their answers cover what they promise, start by start and completion by completion.
func TestACalibrationLearnsFromOutcomes(t *testing.T) {
	c, dice := newCalibration(t), rand.New(rand.NewPCG(1, 2))
	starts, ends, n := 0, 0, 0
	for i := range 300 {
		f := hourly(i)
		c.Correct(f)
		if i >= 100 {
			require.Equal(t, "Calibrated", f.GetAssumptions()[0].GetCode())
			require.Len(t, f.GetCaveats(), 1, "it says that it is not calibrated")
		}
		c.Note(f)
		within := func(at time.Time, from, to *timestamppb.Timestamp) bool {
			return !at.Before(from.AsTime()) && !at.After(to.AsTime())
		}
		k := 0
		outcomes(f, dice, func(id scheduler.RequestID, start, end time.Time) {
			c.Started(id, start)
			c.Completed(id, end)
			r := f.GetRequests()[k]
			if k++; i < 100 {
				return
			}
			n++
			if within(start, r.GetEarliest(), r.GetLatest()) {
				starts++
			}
			if within(end, r.GetCompletion().GetEarliest(), r.GetCompletion().GetLatest()) {
				ends++
			}
		})
	}
	require.InDelta(t, 0.8, float64(starts)/float64(n), 0.05)
	require.InDelta(t, 0.8, float64(ends)/float64(n), 0.05)
}

// All requests of one time wait about equally long, so twenty times teach no more than twenty
// outcomes would, and not as much as a hundred. Answers still cover what they promise.
func TestOutcomesOfOneTimeAreAlike(t *testing.T) {
	dice, covered, n := rand.New(rand.NewPCG(3, 4)), 0, 0
	for range 100 {
		c := newCalibration(t)
		for i := range 25 {
			f := hourly(i)
			c.Correct(f)
			c.Note(f)
			wait := time.Duration(float64(30*time.Minute) * (1 + 2*dice.Float64()))
			start := f.GetTime().AsTime().Add(wait)
			for _, r := range f.GetRequests() {
				c.Started(scheduler.RequestID(r.GetRequestId()), start)
			}
			if i < 15 {
				continue
			}
			n++
			first := f.GetRequests()[0]
			if !start.Before(first.GetEarliest().AsTime()) &&
				!start.After(first.GetLatest().AsTime()) {
				covered++
			}
		}
	}
	require.InDelta(t, 0.8, float64(covered)/float64(n), 0.05)
}

// With few outcomes an answer stays as it is, and says so.
func TestACalibrationThatKnowsLittleCorrectsNothing(t *testing.T) {
	c, dice := newCalibration(t), rand.New(rand.NewPCG(1, 2))
	for i := range 5 { // 25 outcomes
		f := hourly(i)
		c.Note(f)
		outcomes(f, dice, func(id scheduler.RequestID, start, _ time.Time) { c.Started(id, start) })
	}
	f := hourly(10)
	c.Correct(f)
	require.True(t, proto.Equal(hourly(10), f), "%v", f)
	answer := run(t, queue(t), &forecast.Table{All: given(t, 20, 30, 40)},
		forecast.Options{Calibration: c})
	codes := []string{}
	for _, caveat := range answer.GetCaveats() {
		codes = append(codes, caveat.GetCode())
	}
	require.Equal(t, []string{"Never", "NotCalibrated", "NoArrivals"}, codes)
}

// Requests that still wait count as longer waits: without them, the short waits alone would teach
// that all waits are short.
func TestOpenOutcomesCount(t *testing.T) {
	latest := func(open bool) *timestamppb.Timestamp {
		c := newCalibration(t)
		for i := range 10 {
			f := hourly(i)
			c.Note(f)
			for k, r := range f.GetRequests() {
				id := scheduler.RequestID(r.GetRequestId())
				switch {
				case k > 0:
					c.Started(id, f.GetTime().AsTime().Add(30*time.Minute))
				case !open:
					c.Left(id, f.GetTime().AsTime().Add(time.Hour))
				}
			}
		}
		f := hourly(20)
		c.Seen(f.GetTime().AsTime())
		c.Correct(f)
		return f.GetRequests()[0].GetLatest()
	}
	require.NotNil(t, latest(false))
	require.Less(t, latest(false).AsTime().Sub(nine.Add(20*time.Hour)), 45*time.Minute)
	require.Nil(t, latest(true), "one of five waits for longer than anybody knows")
}

// A calibration that was written and read goes on as if it had not been.
func TestACalibrationIsSavedAndReused(t *testing.T) {
	c, dice := newCalibration(t), rand.New(rand.NewPCG(1, 2))
	for i := range 20 {
		f := hourly(i)
		c.Note(f)
		outcomes(f, dice, func(id scheduler.RequestID, start, end time.Time) {
			if i < 19 { // the outcomes of the last ones are to come
				c.Started(id, start)
				c.Completed(id, end)
			}
		})
	}
	read, err := forecast.CalibrationFromProto(c.ToProto(),
		forecast.CalibrationOptions{Pool: "lab"})
	require.NoError(t, err)
	require.Equal(t, c.Until(), read.Until())
	for _, to := range []*forecast.Calibration{c, read} {
		to.Started("r19-0", nine.Add(21*time.Hour))
		to.Completed("r19-0", nine.Add(22*time.Hour))
		to.Left("r19-1", nine.Add(22*time.Hour))
		// What happened before the forecast is no outcome, as when a journal is run again.
		to.Started("r19-2", nine)
		to.Completed("r19-2", nine)
	}
	require.True(t, proto.Equal(c.ToProto(), read.ToProto()))
	first, second := hourly(30), hourly(30)
	c.Correct(first)
	read.Correct(second)
	require.True(t, proto.Equal(first, second))
	require.False(t, proto.Equal(hourly(30), first))
}

func TestCalibrationsOfOthersAreRefused(t *testing.T) {
	c := newCalibration(t)
	c.Note(hourly(0))
	for _, x := range []struct {
		want  string
		is    error
		spoil func(*protos.ForecastCalibration)
	}{
		{"it has version 1, and this program reads version 2", forecast.ErrOtherCalibration,
			func(m *protos.ForecastCalibration) { m.Version = 1 }},
		{`it is of pool "farm", and not of "lab"`, forecast.ErrOtherCalibration,
			func(m *protos.ForecastCalibration) { m.Pool = "farm" }},
		{"forecasts[0]: request_id: is missing", forecast.ErrInvalid,
			func(m *protos.ForecastCalibration) { m.Forecasts[0].RequestId = "" }},
		{"forecasts[1]: horizon: is missing", forecast.ErrInvalid,
			func(m *protos.ForecastCalibration) { m.Forecasts[1].Horizon = nil }},
		{"forecasts[0]: time: proto:", forecast.ErrInvalid,
			func(m *protos.ForecastCalibration) { m.Forecasts[0].Time = nil }},
		{"forecasts[0]: time: is after until", forecast.ErrInvalid,
			func(m *protos.ForecastCalibration) { m.Until = timestamppb.New(nine.Add(-1)) }},
		{"forecasts[2]: time: is before that", forecast.ErrInvalid, func(m *protos.ForecastCalibration) {
			m.Forecasts[2].Time = timestamppb.New(nine.Add(-time.Hour))
		}},
		{"forecasts[0]: start.p90: is less than a lower quantile", forecast.ErrInvalid,
			func(m *protos.ForecastCalibration) { m.Forecasts[0].Start.P90 = durations.New(1) }},
		{"forecasts[0]: completion.p10: -1s is not from 0", forecast.ErrInvalid,
			func(m *protos.ForecastCalibration) {
				m.Forecasts[0].Completion.P10 = durations.New(-time.Second)
			}},
		{"forecasts[0]: completed: is before started", forecast.ErrInvalid,
			func(m *protos.ForecastCalibration) { m.Forecasts[0].Completed = durations.New(1) }},
	} {
		m := c.ToProto()
		x.spoil(m)
		_, err := forecast.CalibrationFromProto(m, forecast.CalibrationOptions{Pool: "lab"})
		require.ErrorContains(t, err, x.want)
		require.True(t, errors.Is(err, x.is), "%v", err)
	}
	_, err := forecast.CalibrationFromProto(nil, forecast.CalibrationOptions{})
	require.ErrorIs(t, err, forecast.ErrOtherCalibration)
	_, err = forecast.NewCalibration(forecast.CalibrationOptions{Keep: -1})
	require.ErrorIs(t, err, forecast.ErrInvalid)
}
