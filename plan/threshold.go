package plan

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// ErrThreshold is wrapped by errors about thresholds.
var ErrThreshold = errors.New("bad threshold")

// A Threshold is by how much a metric may change for the worse. Make one with ParseThreshold.
type Threshold struct {
	text   string
	metric *metric
	// account is the one that it is for, unless each or all is true: for every account by itself,
	// or for all requests together.
	account   scheduler.AccountID
	each, all bool
	// percent and absolute bound the change, each with its sign; NaN for no bound. It must go
	// beyond each of them to be too much.
	percent, absolute float64
}

// String returns the threshold as it was written.
func (t *Threshold) String() string { return t.text }

// ParseThreshold reads METRIC=LIMIT, for every account by itself; METRIC@ACCOUNT=LIMIT, for one; or
// METRIC@*=LIMIT, for all requests together. A limit is a change with its sign: "+20%" of the old
// figure, "+60s" (or "+1m", "+1h30m") for a time, "-5" for a number, or one of both kinds, with a
// comma in between: then the change must go beyond both. The error says what is wrong with it.
func ParseThreshold(text string) (Threshold, error) {
	t := Threshold{text: text, each: true, percent: math.NaN(), absolute: math.NaN()}
	equals := strings.LastIndexByte(text, '=')
	if equals < 0 {
		return t, t.wrong("want METRIC=LIMIT, such as wait_p95=+20%%")
	}
	name, account, named := strings.Cut(text[:equals], "@")
	if t.metric = metricOf(name); t.metric == nil {
		return t, t.wrong("there is no metric %q; there are: %s", name, metricNames())
	}
	if named {
		t.each, t.all = false, account == "*"
		t.account = scheduler.AccountID(account)
	}
	parts := strings.Split(text[equals+1:], ",")
	if len(parts) > 2 {
		return t, t.wrong("%d limits are more than two", len(parts))
	}
	for _, part := range parts {
		if err := t.limit(strings.TrimSpace(part)); err != nil {
			return t, err
		}
	}
	return t, nil
}

func metricNames() string {
	names := make([]string, len(metrics))
	for i, m := range metrics {
		names[i] = m.name
	}
	return strings.Join(names, ", ")
}

func (t *Threshold) wrong(format string, args ...any) error {
	return fmt.Errorf("%w %q: %s", ErrThreshold, t.text, fmt.Sprintf(format, args...))
}

// limit reads one limit.
func (t *Threshold) limit(text string) error {
	digits, isPercent := strings.CutSuffix(text, "%")
	bound, limit, err := &t.absolute, 0.0, error(nil)
	switch {
	case text == "" || text[0] != '+' && text[0] != '-':
		return t.wrong("%q has no sign; want a change, such as %s", text, t.example())
	case isPercent:
		bound = &t.percent
		limit, err = strconv.ParseFloat(digits, 64)
	case t.metric.kind == seconds:
		var d time.Duration
		d, err = time.ParseDuration(text)
		limit = d.Seconds()
	default:
		limit, err = strconv.ParseFloat(text, 64)
		if err == nil && limit != math.Trunc(limit) {
			return t.wrong("%s is a number of things, and %q is not whole", t.metric.name, text)
		}
	}
	switch {
	case err != nil || math.IsNaN(limit) || math.IsInf(limit, 0):
		return t.wrong("%q is neither a percentage nor %s; want such as %s", text, t.unit(),
			t.example())
	case !math.IsNaN(*bound):
		return t.wrong("two limits of the same kind; want a percentage and %s", t.unit())
	case t.metric.worse == moreIsWorse && text[0] == '-':
		return t.wrong("fewer or less is no harm; want such as %s", t.example())
	case t.metric.worse == fewerIsWorse && text[0] == '+':
		return t.wrong("more is no harm; want such as %s", t.example())
	case isPercent && limit < -100:
		return t.wrong("nothing falls by more than 100 %%")
	}
	if text[0] == '-' {
		limit = math.Copysign(limit, -1) // also of a zero, which says the direction
	}
	*bound = limit
	if !math.IsNaN(t.percent) && !math.IsNaN(t.absolute) &&
		math.Signbit(t.percent) != math.Signbit(t.absolute) {
		return t.wrong("one limit is for a rise and one for a fall")
	}
	return nil
}

func (t *Threshold) unit() string {
	if t.metric.kind == seconds {
		return "a time with its unit"
	}
	return "a number"
}

// example is a limit that makes sense.
func (t *Threshold) example() string {
	sign := "+"
	if t.metric.worse == fewerIsWorse {
		sign = "-"
	}
	if t.metric.kind == seconds {
		return sign + "20% or " + sign + "60s"
	}
	return sign + "20% or " + sign + "5"
}

// Breaks reports whether a change of the metric is too much.
func (t *Threshold) Breaks(from, to float64) bool {
	change := to - from
	for _, limit := range []float64{t.absolute, t.percent * from / 100} {
		switch {
		case math.IsNaN(limit):
		case t.falls() && change >= limit, !t.falls() && change <= limit:
			return false
		}
	}
	return true
}

// falls reports whether it is for a fall of the metric.
func (t *Threshold) falls() bool {
	return math.Signbit(t.percent) && !math.IsNaN(t.percent) ||
		math.Signbit(t.absolute) && !math.IsNaN(t.absolute)
}
