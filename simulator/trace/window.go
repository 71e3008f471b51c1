package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
)

// tellApart gives a submission whose id another one had before the number of its record in its id:
// a log of several parts may begin anew. No id is that of a request of another submission: 7.0
// would be, beside a submission 7 of two requests.
func (l *loader) tellApart() {
	seen := make(map[string]int, len(l.drafts)) // the id's size
	for i := range l.drafts {
		d := l.drafts[i]
		for seen[d.ID] > 0 {
			d.ID = fmt.Sprintf("%s@%d", d.ID, d.record)
		}
		seen[d.ID] = d.Size
	}
	for i := range l.drafts {
		d := l.drafts[i]
		dot := strings.LastIndexByte(d.ID, '.')
		if dot < 0 {
			continue
		}
		n, err := strconv.Atoi(d.ID[dot+1:])
		if size := seen[d.ID[:dot]]; err != nil || n < 0 || n >= size || size == 1 {
			continue
		}
		for seen[d.ID] > 0 {
			d.ID = fmt.Sprintf("%s@%d", d.ID, d.record)
		}
		seen[d.ID] = d.Size
	}
}

// sort puts the submissions in order of their times, and notes how many were not.
func (l *loader) sort() {
	late, latest := 0, time.Duration(0)
	for i := range l.drafts {
		if at := l.drafts[i].Submit; at < latest {
			late++
		} else {
			latest = at
		}
	}
	if late == 0 {
		return
	}
	slices.SortStableFunc(l.drafts, func(a, b *draft) int { return cmp.Compare(a.Submit, b.Submit) })
	l.note("%s of the %ss were out of order, and are sorted by their submission",
		words.Number(late), l.in.noun())
}

// window cuts the window out, and compresses the arrivals in it.
func (l *loader) window() error {
	m := &l.source.Mapping
	if m.From > 0 || m.To > 0 {
		all := len(l.drafts)
		l.drafts = slices.DeleteFunc(l.drafts, func(d *draft) bool {
			return d.Submit < m.From || m.To > 0 && d.Submit >= m.To
		})
		end := "its end"
		if m.To > 0 {
			end = m.To.String()
		}
		if len(l.drafts) == 0 {
			return fmt.Errorf("%s: none of its %s that ran was submitted from %v to %s after its "+
				"start", l.source.File, words.Count(all, l.in.noun()), m.From, end)
		}
		l.note("window from %v to %s after the log's start: %s of %s submissions", m.From, end,
			words.Number(len(l.drafts)), words.Number(all))
	}
	if m.loadFactor() == 1 {
		return nil
	}
	for i := range l.drafts {
		d := l.drafts[i]
		if d.Submit = m.compress(d.Submit); d.Submit > maxDuration {
			return fmt.Errorf("%s: with a load factor of %v, it lasts more than a hundred years",
				l.source.File, m.LoadFactor)
		}
		d.RealWait, d.RealPreemptions = simulator.Unknown, 0
	}
	l.loaded.Workload.RealPreemptionsKnown = false
	l.note("load factor %v: submissions arrive in %.4g times the time; what the log says of waits "+
		"and preemptions was another load's, and is left out", m.LoadFactor, 1/m.LoadFactor)
	return nil
}
