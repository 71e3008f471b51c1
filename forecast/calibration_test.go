package forecast_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/protos"
)

// Forecasts of forks that are too sure of themselves are wrong half of the time; calibrated by past
// outcomes, they cover what they promise.
func TestACalibrationLearnsFromOutcomes(t *testing.T) {
	c, err := forecast.NewCalibration(forecast.CalibrationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dice := rand.New(rand.NewPCG(1, 2))
	// The real start is the forecast one, stretched by what no fork knows of.
	real := func(f *protos.Forecast) time.Time {
		wait := f.GetRequests()[0].GetLikely().AsTime().Sub(f.GetTime().AsTime())
		if raw := f.GetRequests()[0].GetRaw(); raw != nil {
			wait = raw.GetLikely().AsTime().Sub(f.GetTime().AsTime())
		}
		return f.GetTime().AsTime().Add(time.Duration(float64(wait) * (0.9 + 2*dice.Float64())))
	}
	covered := func(o forecast.Options, learn bool) (share float64, last *protos.Forecast) {
		const n = 200
		for i := range n {
			o.Seed, o.Forks = uint64(i), 20
			f := run(t, queue(t), &forecast.Table{All: given(t, 20, 30, 40)}, o)
			r, start := f.GetRequests()[0], real(f)
			if !start.Before(r.GetEarliest().AsTime()) && !start.After(r.GetLatest().AsTime()) {
				share += 1.0 / n
			}
			if learn {
				if err := c.Observe(f, r, start); err != nil {
					t.Fatal(err)
				}
			}
			last = f
		}
		return share, last
	}
	if raceDetector {
		t.Skip("it takes long, and has the goroutines of other tests")
	}
	raw, _ := covered(forecast.Options{}, true)
	calibrated, f := covered(forecast.Options{Calibration: c}, false)
	if raw > 0.6 || calibrated < 0.74 || calibrated > 0.86 {
		t.Errorf("covered are %v, and calibrated %v", raw, calibrated)
	}
	text := ""
	for _, a := range f.GetAssumptions() {
		text += a.GetCode() + " " + a.GetMessage() + "\n"
	}
	if !strings.Contains(text, "Calibrated Earliest, likely and latest are corrected by the "+
		"outcomes of 200 past forecasts") || f.GetRequests()[0].GetRaw() == nil {
		t.Errorf("the answer does not say that it is calibrated:\n%s", text)
	}
}

func TestACalibrationThatKnowsLittleCorrectsNothing(t *testing.T) {
	c, err := forecast.NewCalibration(forecast.CalibrationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	table := &forecast.Table{All: given(t, 20, 30, 40)}
	raw := run(t, queue(t), table, forecast.Options{}).GetRequests()[0]
	f := run(t, queue(t), table, forecast.Options{Calibration: c})
	r := f.GetRequests()[0]
	if !r.GetLatest().AsTime().Equal(raw.GetLatest().AsTime()) ||
		!r.GetRaw().GetLatest().AsTime().Equal(raw.GetLatest().AsTime()) {
		t.Errorf("%v, want the times of %v", r, raw)
	}
	if a := f.GetAssumptions(); !strings.Contains(a[len(a)-1].GetMessage(), "Not corrected") {
		t.Errorf("%v", a)
	}
}

func TestBadCalibrations(t *testing.T) {
	for _, o := range []forecast.CalibrationOptions{{Coverage: 2}, {Keep: -1}, {Grain: -1}} {
		if _, err := forecast.NewCalibration(o); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
	c, err := forecast.NewCalibration(forecast.CalibrationOptions{Coverage: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	_, err = forecast.Run(t.Context(), queue(t), &forecast.Table{}, forecast.Options{Calibration: c})
	if err == nil || !strings.Contains(err.Error(), "coverage of 0.8 with a calibration for 0.5") {
		t.Errorf("error %v", err)
	}
	f := &protos.Forecast{Time: timestamppb.New(nine), Coverage: 0.8}
	if err := c.Observe(f, nil, nine); err == nil {
		t.Error("no error for another coverage")
	}
	f.Coverage = 0.5
	if err := c.Observe(f, nil, nine.Add(-time.Second)); err == nil {
		t.Error("no error for a start before the forecast")
	}
	if err := c.Observe(f, nil, nine); err != nil || c.Outcomes() != 0 {
		t.Errorf("no answer taught something: %v", err)
	}
}
