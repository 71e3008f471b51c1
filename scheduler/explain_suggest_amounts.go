package scheduler

import (
	"maps"
	"slices"

	"github.com/quotasched/quotasched/protos"
)

// The changes here raise an amount: a balance, a fanout limit, a label limit. The least raise that
// does it is found step by step. Each trial tells the least further raise with which the pass would
// not be the same; everything below that needs no trial of its own.

// balance searches the least amount at one level.
func (f *search) balance(p Priority) {
	a := f.account()
	if !a.exists() {
		return
	}
	for more, step := Quota(0), f.first.balance[p]; step > 0; {
		if more += step; more > maxInitialQuota-a.balance[p] {
			return // no account can be given so much
		}
		b := &probe{}
		t := f.try(b, func(t *trial) { t.addBalance(a, p, more) })
		switch {
		case t == nil:
			return
		case t.start != nil:
			f.add(t.start, &protos.Change{Kind: &protos.Change_Balance{
				Balance: &protos.BalanceChange{Level: int32(p), Amount: int64(more)},
			}})
			return
		}
		step = b.balance[p]
	}
}

// fanout searches the least fanout limit.
func (f *search) fanout() {
	a := f.account()
	for to := f.first.fanout; to > 0 && to <= maxLimit; {
		b := &probe{}
		t := f.try(b, func(t *trial) {
			t.changeConfig(a, func(c *AccountConfig) { c.MaxFanout = to })
		})
		switch {
		case t == nil:
			return
		case t.start != nil:
			f.add(t.start, &protos.Change{Kind: &protos.Change_Fanout{
				Fanout: &protos.FanoutChange{From: int64(a.config.MaxFanout), To: int64(to)},
			}})
			return
		}
		to = b.fanout
	}
}

// labelLimits searches the least limit for each label key.
func (f *search) labelLimits() {
	for _, key := range slices.Sorted(maps.Keys(f.first.limits)) {
		f.labelLimit(key)
	}
}

func (f *search) labelLimit(key string) {
	a := f.account()
	from := a.config.PerLabelTaskLimits[key]
	for to := f.first.limits[key]; to > 0 && to <= maxLimit; {
		b := &probe{}
		t := f.try(b, func(t *trial) {
			t.changeConfig(a, func(c *AccountConfig) { c.PerLabelTaskLimits[key] = to })
		})
		switch {
		case t == nil:
			return
		case t.start != nil:
			f.add(t.start, &protos.Change{Kind: &protos.Change_LabelLimit{
				LabelLimit: &protos.LabelLimitChange{Key: key, From: int64(from), To: int64(to)},
			}})
			return
		}
		to = b.limits[key]
	}
}
