package forecast_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
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

// measures are those of starts or of completions: of the forks alone, of the answers, of the oracle,
// and of the oracle in hindsight.
type measures struct{ forks, answers, oracle, hindsight measure }

// merge adds other measures.
func (m *measures) merge(o *measures) {
	m.forks.merge(&o.forks)
	m.answers.merge(&o.answers)
	m.oracle.merge(&o.oracle)
	m.hindsight.merge(&o.hindsight)
}

// A record has the forecasts of a world, as the forks of each were, and their outcomes: those of the
// answers, and those of the oracle at the same times for the same requests.
type record struct{ answers, oracle *protos.ForecastCalibration }

// record returns what the trial noted.
func (t *trial) record() *record {
	return &record{answers: t.answers.ToProto(), oracle: t.oracle.ToProto()}
}

// save writes a record to a file, and loadRecord reads it.
func (r *record) save(path string) error {
	var text []byte
	for _, m := range []*protos.ForecastCalibration{r.answers, r.oracle} {
		line, err := protojson.Marshal(m)
		if err != nil {
			return err
		}
		text = append(append(text, line...), '\n')
	}
	return os.WriteFile(path, text, 0o644)
}

func loadRecord(path string) (*record, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	answers, oracle, _ := bytes.Cut(text, []byte("\n"))
	r := &record{answers: &protos.ForecastCalibration{}, oracle: &protos.ForecastCalibration{}}
	if err := protojson.Unmarshal(answers, r.answers); err != nil {
		return nil, err
	}
	return r, protojson.Unmarshal(oracle, r.oracle)
}

// times returns at which times forecasts were made.
func (r *record) times() []time.Time {
	var times []time.Time
	for _, p := range r.answers.GetForecasts() {
		if at := p.GetTime().AsTime(); len(times) == 0 || !at.Equal(times[len(times)-1]) {
			times = append(times, at)
		}
	}
	return times
}

// measure returns how good the answers at the last so many times are.
func (r *record) measure(count int) (starts, completions measures, err error) {
	times := r.times()
	if len(times) < count {
		return starts, completions, fmt.Errorf("%d times and not %d", len(times), count)
	}
	for _, at := range times[len(times)-count:] {
		answer, err := answerAt(r.answers, asOf(r.answers, at), at)
		if err != nil {
			return starts, completions, err
		}
		oracle, err := answerAt(r.oracle, asOf(r.oracle, at), at)
		if err != nil {
			return starts, completions, err
		}
		hindsight, err := answerAt(r.oracle, inHindsight(r.oracle, at), at)
		if err != nil {
			return starts, completions, err
		}
		alone := forksAt(r.answers, at)
		for k, p := range pastAt(r.answers, at) {
			for _, x := range []struct {
				to *measures
				of func(*protos.Forecast) (earliest, latest *timestamppb.Timestamp)
				at *durations.Duration
			}{
				{&starts, startOf(k), p.GetStarted()},
				{&completions, completionOf(k), p.GetCompleted()},
			} {
				if x.at == nil {
					continue
				}
				for _, y := range []struct {
					to *measure
					f  *protos.Forecast
				}{{&x.to.forks, alone}, {&x.to.answers, answer}, {&x.to.oracle, oracle},
					{&x.to.hindsight, hindsight}} {
					earliest, latest := x.of(y.f)
					y.to.add(y.f, earliest, latest, x.at.AsDuration())
				}
			}
		}
	}
	return starts, completions, nil
}

func startOf(k int) func(*protos.Forecast) (earliest, latest *timestamppb.Timestamp) {
	return func(f *protos.Forecast) (earliest, latest *timestamppb.Timestamp) {
		r := f.GetRequests()[k]
		return r.GetEarliest(), r.GetLatest()
	}
}

func completionOf(k int) func(*protos.Forecast) (earliest, latest *timestamppb.Timestamp) {
	return func(f *protos.Forecast) (earliest, latest *timestamppb.Timestamp) {
		r := f.GetRequests()[k].GetCompletion()
		return r.GetEarliest(), r.GetLatest()
	}
}

// pastAt returns the forecasts that were made at a time.
func pastAt(m *protos.ForecastCalibration, at time.Time) []*protos.PastForecast {
	var all []*protos.PastForecast
	for _, p := range m.GetForecasts() {
		if p.GetTime().AsTime().Equal(at) {
			all = append(all, p)
		}
	}
	return all
}

// forksAt returns the forecast that was made at a time, as the forks alone have it.
func forksAt(m *protos.ForecastCalibration, at time.Time) *protos.Forecast {
	f := &protos.Forecast{Time: timestamppb.New(at), Coverage: 0.8}
	for _, p := range pastAt(m, at) {
		f.Until = timestamppb.New(at.Add(p.GetHorizon().AsDuration()))
		f.Requests = append(f.Requests, &protos.RequestForecast{
			RequestId: p.GetRequestId(), AccountId: p.GetAccountId(),
			StartInForks: p.GetStart(),
			Earliest:     instant(f, p.GetStart().GetP10()),
			Latest:       instant(f, p.GetStart().GetP90()),
			Completion: &protos.CompletionForecast{InForks: p.GetCompletion(),
				Earliest: instant(f, p.GetCompletion().GetP10()),
				Latest:   instant(f, p.GetCompletion().GetP90())},
		})
	}
	return f
}

// answerAt returns the forecast that was made at a time, corrected by a calibration.
func answerAt(m, by *protos.ForecastCalibration, at time.Time) (*protos.Forecast, error) {
	c, err := forecast.CalibrationFromProto(by, forecast.CalibrationOptions{})
	if err != nil {
		return nil, err
	}
	f := forksAt(m, at)
	c.Correct(f)
	return f, nil
}

// asOf returns what was known of past forecasts at a time.
func asOf(m *protos.ForecastCalibration, at time.Time) *protos.ForecastCalibration {
	known := &protos.ForecastCalibration{Version: m.GetVersion(), Until: timestamppb.New(at)}
	for _, p := range m.GetForecasts() {
		ago := at.Sub(p.GetTime().AsTime())
		if ago <= 0 {
			break
		}
		p = proto.Clone(p).(*protos.PastForecast)
		if p.GetStarted().AsDuration() > ago {
			p.Started = nil
		}
		if p.GetCompleted().AsDuration() > ago {
			p.Completed = nil
		}
		known.Forecasts = append(known.Forecasts, p)
	}
	return known
}

// inHindsight returns all other past forecasts of an oracle, also later ones, and all of their
// outcomes, which no real calibration could have.
func inHindsight(m *protos.ForecastCalibration, at time.Time) *protos.ForecastCalibration {
	known := &protos.ForecastCalibration{Version: m.GetVersion(), Until: timestamppb.New(at)}
	for _, p := range m.GetForecasts() {
		if !p.GetTime().AsTime().Equal(at) {
			p = proto.Clone(p).(*protos.PastForecast)
			p.Time = timestamppb.New(p.GetTime().AsTime().AddDate(-10, 0, 0))
			known.Forecasts = append(known.Forecasts, p)
		}
	}
	return known
}

// instant returns a time from the beginning of a forecast as an instant.
func instant(f *protos.Forecast, d *durations.Duration) *timestamppb.Timestamp {
	if d == nil {
		return nil
	}
	return timestamppb.New(f.GetTime().AsTime().Add(d.AsDuration()))
}
