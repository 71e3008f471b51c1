package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// A gauge follows one limit: how many tasks count for it, and how many requests wait that it
// counts for.
type gauge struct {
	limit            int
	running, waiting int
	// since is when this last changed, and full the last time at which the limit was reached, up
	// to since; the zero time if it never was.
	since, full time.Time
	// into is where it counts for how long requests waited while it was reached.
	into *sums
}

// move goes on to a time.
func (g *gauge) move(at time.Time) {
	if !at.After(g.since) {
		return
	}
	if g.running >= g.limit { // at first, when nothing runs, it is not
		g.into.limitWait += time.Duration(g.waiting) * at.Sub(g.since)
		g.full = at
	}
	g.since = at
}

// reachedSince reports whether the limit was reached at any time from a time until now, for longer
// than an instant.
func (g *gauge) reachedSince(from time.Time) bool { return g.full.After(from) }

// limits has the gauges of the accounts that have limits.
type limits struct {
	config *scheduler.Config
	gauges map[string]*gauge
}

func newLimits(c *scheduler.Config) *limits {
	return &limits{config: c, gauges: map[string]*gauge{}}
}

// gauge returns the one for a limit and what it counts, of an account with these sums.
func (l *limits) gauge(into *sums, limit int, parts ...string) *gauge {
	key := strings.Join(parts, "\x00")
	g := l.gauges[key]
	if g == nil {
		g = &gauge{limit: limit, into: into}
		l.gauges[key] = g
	}
	return g
}

// fanout returns the gauge of the fanout limit for a request; nil if there is none.
func (l *limits) fanout(into *sums, account string, base, provisionable []string) *gauge {
	a := l.config.Accounts[scheduler.AccountID(account)]
	if a == nil || a.MaxFanout == 0 {
		return nil
	}
	all := slices.Concat(base, provisionable)
	slices.Sort(all)
	return l.gauge(into, a.MaxFanout,
		append([]string{"fanout", account}, slices.Compact(all)...)...)
}

// byLabel returns the gauges of the label limits that labels fall under.
func (l *limits) byLabel(into *sums, account string, labels []string) []*gauge {
	a := l.config.Accounts[scheduler.AccountID(account)]
	if a == nil || len(a.PerLabelTaskLimits) == 0 {
		return nil
	}
	var gauges []*gauge
	for _, label := range labels {
		if n := limitFor(a, label); n > 0 {
			gauges = append(gauges, l.gauge(into, n, "label", account, label))
		}
	}
	return gauges
}

// limitFor returns the least limit that a label falls under, or 0: that of a key which is the whole
// label, or which a colon follows in it.
func limitFor(a *scheduler.AccountConfig, label string) int {
	least := 0
	for key, n := range a.PerLabelTaskLimits { // the order is free: the least is the least
		rest, ok := strings.CutPrefix(label, key)
		if ok && n > 0 && (rest == "" || rest[0] == ':') && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}
