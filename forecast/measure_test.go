package forecast_test

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	durations "google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/protos"
)

// A measure is how good some intervals were.
type measure struct {
	outcomes, covered int
	widths            []time.Duration
}

// add counts an outcome, which came so long after its forecast. An interval without an end ends at
// the horizon, and covers all that is later.
func (m *measure) add(f *protos.Forecast, earliest, latest *timestamppb.Timestamp,
	after time.Duration) {
	made := f.GetTime().AsTime()
	horizon := f.GetUntil().AsTime().Sub(made)
	from, to := horizon, horizon
	if earliest != nil {
		from = earliest.AsTime().Sub(made)
	}
	if latest != nil {
		to = latest.AsTime().Sub(made)
	}
	m.outcomes++
	if after >= from && (after <= to || latest == nil) {
		m.covered++
	}
	m.widths = append(m.widths, to-from)
}

// merge adds another measure.
func (m *measure) merge(o *measure) {
	m.outcomes += o.outcomes
	m.covered += o.covered
	m.widths = append(m.widths, o.widths...)
}

// percent returns how many of a hundred outcomes were covered.
func (m *measure) percent() float64 { return 100 * float64(m.covered) / float64(max(1, m.outcomes)) }

// width returns the median width.
func (m *measure) width() time.Duration {
	if len(m.widths) == 0 {
		return 0
	}
	slices.Sort(m.widths)
	return m.widths[len(m.widths)/2]
}

// measures are those of starts or of completions: of the forks alone, of the answers, and of the
// oracle.
type measures struct{ forks, answers, oracle measure }

// merge adds other measures.
func (m *measures) merge(o *measures) {
	m.forks.merge(&o.forks)
	m.answers.merge(&o.answers)
	m.oracle.merge(&o.oracle)
}

// pastKey names a forecast for a request.
func pastKey(at *timestamppb.Timestamp, request string) string {
	return fmt.Sprintf("%d %s", at.AsTime().UnixNano(), request)
}

// measure returns how good the counted forecasts were.
func (t *trial) measure() (starts, completions measures, err error) {
	outcomes := map[string]*protos.PastForecast{}
	for _, p := range t.calibration.ToProto().GetForecasts() {
		outcomes[pastKey(p.GetTime(), p.GetRequestId())] = p
	}
	for i, f := range t.counted {
		hindsight, err := t.hindsight(i, outcomes)
		if err != nil {
			return starts, completions, err
		}
		hindsight.Correct(t.seen[i])
		for k, r := range f.GetRequests() {
			p, o := outcomes[pastKey(f.GetTime(), r.GetRequestId())], t.seen[i].GetRequests()[k]
			if p == nil { // it can never start
				continue
			}
			if p.GetStarted() != nil {
				after := p.GetStarted().AsDuration()
				starts.answers.add(f, r.GetEarliest(), r.GetLatest(), after)
				starts.oracle.add(f, o.GetEarliest(), o.GetLatest(), after)
				starts.forks.add(f, instant(f, p.GetStart().GetP10()),
					instant(f, p.GetStart().GetP90()), after)
			}
			if p.GetCompleted() != nil {
				after := p.GetCompleted().AsDuration()
				c, oc := r.GetCompletion(), o.GetCompletion()
				completions.answers.add(f, c.GetEarliest(), c.GetLatest(), after)
				completions.oracle.add(f, oc.GetEarliest(), oc.GetLatest(), after)
				completions.forks.add(f, instant(f, p.GetCompletion().GetP10()),
					instant(f, p.GetCompletion().GetP90()), after)
			}
		}
	}
	return starts, completions, nil
}

// instant returns a time from the beginning of a forecast as an instant.
func instant(f *protos.Forecast, d *durations.Duration) *timestamppb.Timestamp {
	if d == nil {
		return nil
	}
	return timestamppb.New(f.GetTime().AsTime().Add(d.AsDuration()))
}

// hindsight returns a calibration of the oracle that has the outcomes of all its forecasts but one:
// the later ones, too, which no real calibration could have.
func (t *trial) hindsight(but int,
	outcomes map[string]*protos.PastForecast) (*forecast.Calibration, error) {
	m := &protos.ForecastCalibration{Version: 1, Until: t.counted[0].GetTime()}
	for i, f := range t.seen {
		if i == but {
			continue
		}
		for _, r := range f.GetRequests() {
			past := outcomes[pastKey(f.GetTime(), r.GetRequestId())]
			if past == nil || r.GetStartInForks() == nil {
				continue
			}
			p := proto.Clone(past).(*protos.PastForecast)
			p.Time = timestamppb.New(f.GetTime().AsTime().AddDate(-10, 0, 0))
			p.Start, p.Completion = r.GetStartInForks(), r.GetCompletion().GetInForks()
			m.Forecasts = append(m.Forecasts, p)
		}
	}
	return forecast.CalibrationFromProto(m, forecast.CalibrationOptions{})
}
