package trace

import (
	"github.com/quotasched/quotasched/simulator"
)

// begin takes the times of the first record.
func (d *draft) begin(r *record) {
	d.Submit, d.early = r.submit, r.early
	d.Run, d.RealWait = r.run, r.wait
	d.RealPreemptions = r.evictions
	d.fate, d.open = r.fate, r.open
	d.first, d.last = simulator.Unknown, simulator.Unknown
	if r.fate == ran {
		d.first, d.last = r.start, r.start
	}
}

// again takes one more attempt to run the same task: it was submitted when the first attempt was,
// and runs for as long as the last one that ran. Attempts are put in order by their times, so
// their order in the log does not matter.
func (d *draft) again(r *record) {
	d.RealPreemptions += r.evictions
	if r.submit < d.Submit || r.submit == d.Submit && r.early {
		d.Submit, d.early = r.submit, r.early
	}
	if r.fate != ran {
		return
	}
	if d.first < 0 || r.start < d.first {
		d.first = r.start
	}
	if d.fate != ran || r.start >= d.last {
		d.last, d.Run, d.open = r.start, r.run, r.open
	}
	d.fate = ran
}
