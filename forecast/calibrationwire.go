package forecast

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// calibrationVersion is that of the format, and of how forks draw what they draw.
const calibrationVersion = 2

// ErrOtherCalibration is wrapped by the errors about a calibration that was made by another version
// of the package, or for another pool.
var ErrOtherCalibration = errors.New("another calibration")

// ToProto returns the calibration as a message, which shares nothing with it.
func (c *Calibration) ToProto() *protos.ForecastCalibration {
	m := &protos.ForecastCalibration{Version: calibrationVersion, Pool: c.options.Pool}
	if !c.until.IsZero() {
		m.Until = timestamppb.New(c.until)
	}
	for _, p := range c.forecasts {
		one := &protos.PastForecast{
			Time:       timestamppb.New(p.time),
			RequestId:  string(p.request),
			AccountId:  string(p.account),
			Horizon:    durationpb.New(p.horizon),
			Start:      p.start.proto(p.horizon),
			Completion: p.completion.proto(p.horizon),
			Left:       p.left,
		}
		if p.startKnown {
			one.Started = durationpb.New(p.started)
		}
		if p.endKnown {
			one.Completed = durationpb.New(p.completed)
		}
		m.Forecasts = append(m.Forecasts, one)
	}
	return m
}

// CalibrationFromProto returns the calibration of a message. The error is ErrOtherCalibration for
// another version or, if options.Pool is not empty, another pool; and ErrInvalid, which names the
// field, for what no calibration could have written, and for options out of range.
func CalibrationFromProto(m *protos.ForecastCalibration, o CalibrationOptions) (*Calibration,
	error) {
	if v := m.GetVersion(); v != calibrationVersion {
		return nil, fmt.Errorf("%w: it has version %d, and this program reads version %d",
			ErrOtherCalibration, v, calibrationVersion)
	}
	if o.Pool != "" && m.GetPool() != o.Pool {
		return nil, fmt.Errorf("%w: it is of pool %q, and not of %q", ErrOtherCalibration,
			m.GetPool(), o.Pool)
	}
	o.Pool = m.GetPool()
	c, err := NewCalibration(o)
	if err != nil {
		return nil, err
	}
	if m.GetUntil() != nil {
		if err := m.GetUntil().CheckValid(); err != nil {
			return nil, fmt.Errorf("%w: until: %w", ErrInvalid, err)
		}
		c.until = m.GetUntil().AsTime()
	}
	var last time.Time
	for i, one := range m.GetForecasts() {
		p, err := pastOf(one)
		if err == nil && p.time.Before(last) {
			err = errors.New("time: is before that of the forecast ahead of it")
		}
		if err == nil && p.time.After(c.until) {
			err = errors.New("time: is after until")
		}
		if err != nil {
			return nil, fmt.Errorf("%w: forecasts[%d]: %w", ErrInvalid, i, err)
		}
		last = p.time
		c.add(p)
	}
	return c, nil
}

// pastOf returns the past forecast of a message, or an error that names the field that is wrong.
func pastOf(m *protos.PastForecast) (*pastForecast, error) {
	if m.GetRequestId() == "" {
		return nil, errors.New("request_id: is missing")
	}
	if err := m.GetTime().CheckValid(); err != nil {
		return nil, fmt.Errorf("time: %w", err)
	}
	for _, d := range []struct {
		name   string
		value  *durationpb.Duration
		needed bool
	}{{"horizon", m.GetHorizon(), true}, {"started", m.GetStarted(), false},
		{"completed", m.GetCompleted(), false}} {
		if err := checkDuration(d.value, d.needed); err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
	}
	if err := checkQuantiles(m.GetStart()); err != nil {
		return nil, fmt.Errorf("start.%w", err)
	}
	if err := checkQuantiles(m.GetCompletion()); err != nil {
		return nil, fmt.Errorf("completion.%w", err)
	}
	p := &pastForecast{
		time:       m.GetTime().AsTime(),
		request:    scheduler.RequestID(m.GetRequestId()),
		account:    scheduler.AccountID(m.GetAccountId()),
		horizon:    m.GetHorizon().AsDuration(),
		start:      quantilesOf(m.GetStart()),
		completion: quantilesOf(m.GetCompletion()),
		started:    m.GetStarted().AsDuration(),
		startKnown: m.GetStarted() != nil,
		completed:  m.GetCompleted().AsDuration(),
		endKnown:   m.GetCompleted() != nil,
		left:       m.GetLeft(),
	}
	if p.endKnown && (!p.startKnown || p.completed < p.started) {
		return nil, errors.New("completed: is before started")
	}
	return p, nil
}

// checkQuantiles returns an error that names a quantile that is invalid, or less than a lower one.
func checkQuantiles(q *protos.ForkQuantiles) error {
	last := time.Duration(0)
	for _, d := range []struct {
		name  string
		value *durationpb.Duration
	}{{"p10", q.GetP10()}, {"p50", q.GetP50()}, {"p90", q.GetP90()}} {
		if err := checkDuration(d.value, false); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		at := notStarted
		if d.value != nil {
			at = d.value.AsDuration()
		}
		if at < last {
			return fmt.Errorf("%s: is less than a lower quantile", d.name)
		}
		last = at
	}
	return nil
}

// checkDuration returns an error for a duration that is not from 0 to a hundred years, or missing.
func checkDuration(d *durationpb.Duration, needed bool) error {
	switch {
	case d == nil && needed:
		return errors.New("is missing")
	case d == nil:
		return nil
	case d.CheckValid() != nil:
		return d.CheckValid()
	case d.AsDuration() < 0 || d.AsDuration() > maxRun:
		return fmt.Errorf("%v is not from 0 to 100 years", d.AsDuration())
	}
	return nil
}
