package invariants

import (
	"strings"
)

// passed is what one pull did that the check of its idle workers has to know.
type passed struct {
	// vacated has the run that a worker lost in the pass.
	vacated map[string]*vacated
	// lost are the accounts that lost a run in the pass. That can lift a label limit after the
	// steps in which the limit kept their requests from an idle worker.
	lost map[string]bool
}

// note notes the run that a worker lost, and its account. Most passes preempt nothing.
func (p *passed) note(worker, account string, v *vacated) {
	if p.vacated == nil {
		p.vacated, p.lost = map[string]*vacated{}, map[string]bool{}
	}
	p.vacated[worker] = v
	p.lost[account] = true
}

// vacated is a run that was preempted.
type vacated struct {
	request string
	// by is the taker, which pays at a level.
	by    string
	level int32
	// refund is what the run's account got back.
	refund int64
}

// check says whether a worker is idle after a pass that a request which took part could run on. It
// compares kinds of requests with kinds of workers, one of each.
func (p *passed) check(pic *picture) error {
	if len(pic.idle) == 0 {
		return nil
	}
	kinds := idleKinds(pic)
	full := map[string]map[string]bool{}
	for id, at := range p.requestKinds(pic) {
		if full[at.account] == nil {
			full[at.account] = fullLabels(at.account, pic)
		}
		for _, w := range kinds {
			if hasAll(w.labels, at.base) && !anyOf(w.labels, full[at.account]) {
				return broken(NoIdleMatch, "%q waits, and %q is idle", id, w.id)
			}
		}
	}
	return nil
}

// idleKinds returns one of the idle workers with each set of labels.
func idleKinds(pic *picture) []idle {
	var kinds []idle
	seen := map[string]bool{}
	cordoned := map[string]bool{}
	for _, o := range pic.tables.GetCordons() {
		cordoned[o.GetWorkerId()] = true
	}
	for _, w := range pic.idle {
		if cordoned[w.id] {
			continue
		}
		if key := strings.Join(w.labels, "\x00"); !seen[key] {
			seen[key] = true
			kinds = append(kinds, w)
		}
	}
	return kinds
}

// requestKinds returns, by id, one of the requests that took part and wait with each account and
// set of base labels.
func (p *passed) requestKinds(pic *picture) map[string]*placed {
	kinds := map[string]*placed{}
	seen := map[string]bool{}
	for id, at := range pic.requests {
		if at.worker != "" || !p.tookPart(at, pic) {
			continue
		}
		if key := at.account + "\x00" + strings.Join(at.base, "\x00"); !seen[key] {
			seen[key] = true
			kinds[id] = at
		}
	}
	return kinds
}

// tookPart says whether a waiting request surely took part in the pass under the limits of its end:
// it is neither blocked nor suspended, and may run in the free bucket. Whether an account without
// the free bucket could start a run at any level is the scheduler's to know.
func (p *passed) tookPart(at *placed, pic *picture) bool {
	c := pic.accounts[at.account].GetConfig()
	lifted := p.lost[at.account] && len(c.GetPerLabelTaskLimits()) > 0
	suspended := pic.accounts[at.account].GetSuspension() != nil
	return !at.blocked && !suspended && !c.GetDisableFreeTasks() && !lifted
}

func anyOf(labels []string, wanted map[string]bool) bool {
	for _, l := range labels {
		if wanted[l] {
			return true
		}
	}
	return false
}

// fullLabels returns the labels whose workers are at a task limit of an account.
func fullLabels(id string, pic *picture) map[string]bool {
	limits := pic.accounts[id].GetConfig().GetPerLabelTaskLimits()
	full := map[string]bool{}
	if len(limits) == 0 {
		return full
	}
	counts := map[string]int64{}
	for _, at := range pic.requests {
		if at.worker != "" && at.account == id {
			for _, l := range pic.labels[at.worker] {
				counts[l]++
			}
		}
	}
	for l, n := range counts {
		for key, limit := range limits {
			if limit > 0 && n >= limit && (l == key || strings.HasPrefix(l, key+":")) {
				full[l] = true
			}
		}
	}
	return full
}
