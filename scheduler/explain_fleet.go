package scheduler

import (
	"github.com/quotasched/quotasched/internal/slotset"
	"github.com/quotasched/quotasched/protos"
)

// labels counts the workers that have the request's labels, each one and all base labels together.
func (x *explainer) labels() {
	for i, set := range []*labelSet{x.n.base, x.n.prov} {
		for _, name := range x.s.labels.names(set) {
			x.w.Labels = append(x.w.Labels, &protos.LabelDetails{
				Label:         name,
				Provisionable: i > 0,
				Workers:       int64(x.s.index.countWorkers(x.s.labels.byName[name])),
			})
		}
	}
	x.w.Fleet = &protos.FleetDetails{}
	for _, class := range x.classes {
		x.w.Fleet.Workers += int64(class.workers)
	}
	if len(x.classes) > 0 {
		x.add(protos.Finding_WorkersMatch, true)
	} else {
		x.add(protos.Finding_NoSuchWorker, false)
	}
}

// countWorkers counts the workers that have a label.
func (x *index) countWorkers(l *label) (n int) {
	slotset.Intersect([]*slotset.Set{&x.all, &l.classes}, func(slot uint32) bool {
		n += x.slots[slot].workers
		return true
	})
	return n
}

// labelLimits counts what fills the account's label limits on the workers that match.
func (x *explainer) labelLimits() {
	if x.a.limits == nil {
		return
	}
	byLabel := map[string]*protos.LabelLimitDetails{}
	for _, class := range x.classes {
		x.s.limitsOn(x.a, class) // which makes the limits that follow known
		for _, id := range class.set.ids {
			label := x.s.labels.byID[id]
			l := x.a.limits[label]
			if l == nil {
				continue
			}
			d := byLabel[label.name]
			if d == nil {
				d = &protos.LabelLimitDetails{Key: x.a.config.limitingKey(label.name),
					Label: label.name, Limit: int64(l.limit), Running: int64(l.runs)}
				byLabel[label.name] = d
			}
			d.Workers += int64(class.workers)
		}
	}
	for _, name := range sortedKeys(byLabel) {
		x.w.LabelLimits = append(x.w.LabelLimits, byLabel[name])
	}
}

// limitingKey returns the key whose limit counts on a label: the one with the least, and of several
// the first.
func (c *AccountConfig) limitingKey(label string) string {
	least := c.limitFor(label)
	for _, key := range sortedKeys(c.PerLabelTaskLimits) {
		if c.PerLabelTaskLimits[key] == least && keyHas(key, label) {
			return key
		}
	}
	return ""
}

// fleet counts the workers that could run the request, idle and busy, and says what the label
// limits leave of them.
func (x *explainer) fleet() {
	d := x.w.Fleet
	var busy [numLevels]int
	for _, class := range x.classes {
		idle := class.idle.Len()
		d.Cordoned += int64(x.s.index.cordonedOf(class))
		d.Idle += int64(idle)
		if x.n.prov.within(class.set) {
			d.IdleProvisioned += int64(idle)
		}
		if x.s.admits(x.a, class) {
			x.idle += idle
			x.usable += class.workers
		} else {
			d.OverLimit += int64(class.workers)
			d.IdleOverLimit += int64(idle)
		}
		for p := range class.runs {
			busy[p] += class.runs[p].len()
		}
	}
	for p, n := range busy {
		if n > 0 {
			d.Busy = append(d.Busy, &protos.BusyDetails{Level: int32(p), Workers: int64(n),
				Own: int64(x.own(Priority(p), n))})
		}
	}
	x.limitsFinding()
	switch {
	case len(x.classes) == 0: // that says enough
	case x.idle == 0 && d.Cordoned > 0:
		x.add(protos.Finding_WorkersCordoned, d.Cordoned < d.Workers)
	}
	switch {
	case len(x.classes) == 0:
	case x.idle == 0:
		x.add(protos.Finding_NoIdleWorker, false)
	default:
		x.add(protos.Finding_IdleWorkers, true)
	}
}

// cordonedOf counts the cordoned workers of a class: those that are in none of its lists.
func (x *index) cordonedOf(class *workerClass) int {
	n := class.workers - class.idle.Len()
	for _, runs := range class.runs {
		n -= runs.len()
	}
	return n
}

func (x *explainer) limitsFinding() {
	d := x.w.Fleet
	switch {
	case x.a.limits == nil || len(x.classes) == 0:
	case d.OverLimit == 0:
		x.add(protos.Finding_WithinLabelLimits, true)
	default:
		x.add(protos.Finding_LabelLimitReached, x.usable > 0 && d.IdleOverLimit == 0)
	}
}

// own counts the account's own runs at a level on the workers that match, of which n are there.
func (x *explainer) own(p Priority, n int) (own int) {
	if x.a.id == "" {
		return 0
	}
	if runs := x.a.runs[p]; runs.len() <= n {
		for r := range runs.all() {
			if !r.worker.cordoned && x.n.base.within(r.worker.class.set) {
				own++
			}
		}
		return own
	}
	for _, class := range x.classes {
		for r := range class.runs[p].all() {
			if r.account() == x.a {
				own++
			}
		}
	}
	return own
}
