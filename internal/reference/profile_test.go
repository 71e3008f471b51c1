package reference_test

import (
	"fmt"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// profile says what kind of pool a story is about.
type profile struct {
	name string
	// accounts, workers and requests are how many ids there are of each. Ids of requests are used
	// again after they left.
	accounts, workers, requests int
	// base and provisionable are the labels that requests ask for, and workers have.
	base, provisionable []string
	// extra are labels of workers that no request asks for but limits can speak of.
	extra []string
	// everywhere are labels that all workers have, and requests ask for.
	everywhere []string
	// restless workers come with other labels nearly every time, so that kinds appear and vanish.
	restless bool
	// ownLabels gives each request a label set of its own, and workers any of those labels.
	ownLabels bool
	// flips makes account settings change all the time.
	flips bool
	// pullMax is how many workers pull at once at most.
	pullMax int
	// calm keeps time from jumping, and lets little time out, so that pools fill up.
	calm bool
	// held makes most pulls empty, so that assignments are held for workers that do not pull.
	held bool
	// covered makes accounts have a little at each level, and a run beyond the rate expensive, so
	// that requests wait at all levels.
	covered bool
	// phases makes requests come in floods.
	phases bool
	// ownPercent is how often a worker has the label that a request has for its own, in percent.
	ownPercent int
}

// profiles are the kinds of pools that stories are about.
var profiles = []profile{
	{
		name: "small", accounts: 3, workers: 4, requests: 12, pullMax: 4,
		base:          []string{"os:linux", "os:mac"},
		provisionable: []string{"v:1", "v:2"},
		extra:         []string{"model:a", "model:b"},
	},
	{
		name: "medium", accounts: 5, workers: 12, requests: 60, pullMax: 12,
		base:          []string{"os:linux", "os:mac", "gpu"},
		provisionable: []string{"v:1", "v:2", "v:3"},
		extra:         []string{"model:a", "model:b", "model", "gpu:x"},
	},
	{
		name: "deep", accounts: 6, workers: 20, requests: 150, pullMax: 8, calm: true,
		base:          []string{"os:linux", "gpu"},
		provisionable: []string{"v:1", "v:2"},
		extra:         []string{"model:a", "model:b"},
	},
	{
		name: "tight", accounts: 3, workers: 3, requests: 20, pullMax: 3,
		base:          []string{"os:linux"},
		provisionable: []string{"v:1"},
	},
	{
		name: "own labels", accounts: 4, workers: 8, requests: 30, pullMax: 8, ownLabels: true,
		ownPercent:    60,
		base:          []string{"os:linux", "gpu"},
		provisionable: []string{"v:1", "v:2"},
	},
	{
		name: "one account", accounts: 1, workers: 8, requests: 40, pullMax: 8,
		base:          []string{"os:linux", "os:mac"},
		provisionable: []string{"v:1", "v:2"},
		extra:         []string{"model:a", "model:b"},
	},
	{
		name: "many accounts", accounts: 20, workers: 8, requests: 20, pullMax: 8,
		base: []string{"os:linux"},
	},
	{
		name: "flipping limits", accounts: 3, workers: 8, requests: 30, pullMax: 8, flips: true,
		base:          []string{"os:linux", "os:mac"},
		provisionable: []string{"v:1"},
		extra:         []string{"model:a", "model:b", "model"},
	},
	{
		name: "restless workers", accounts: 3, workers: 6, requests: 30, pullMax: 6,
		restless: true, everywhere: []string{"pool:all", "site:one"},
		base:          []string{"os:linux", "os:mac"},
		provisionable: []string{"v:1", "v:2"},
	},
	{
		name: "held", accounts: 4, workers: 10, requests: 40, pullMax: 6, calm: true, held: true,
		base:          []string{"os:linux", "gpu"},
		provisionable: []string{"v:1"},
	},
	{
		name: "covered", accounts: 4, workers: 8, requests: 40, pullMax: 8, calm: true,
		covered: true,
		base:    []string{"os:linux"},
	},
}

// quotaUnit is one worker-second.
const quotaUnit = 1_000_000

// newConfig draws the settings of a pool, small enough for things to happen often.
func newConfig(d dice, p *profile) *scheduler.Config {
	c := &scheduler.Config{
		DisablePreemption: chance(d, 12),
		WorkerExpiration:  pick(d, 0, 10*time.Second, time.Minute, 30*time.Minute),
		RequestExpiration: pick(d, 0, 0, 0, 20*time.Second, 5*time.Minute),
		ProvisionPatience: pick(d, 0, -1, time.Nanosecond, 5*time.Second, time.Minute),
		BurstCover: pick(d, 0, -1, time.Microsecond, time.Millisecond, time.Second,
			5*time.Second),
		PromoteThreshold: pick[scheduler.Quota](d, 0, 1, quotaUnit, 5*quotaUnit),
		DemoteThreshold:  pick[scheduler.Quota](d, 0, -1, -quotaUnit, -5*quotaUnit),
		OwedAfter:        pick(d, 0, -1, time.Nanosecond, time.Second, 10*time.Second, time.Minute),
	}
	if chance(d, 70) {
		most := newLossLimit(d)
		for level := range c.MaxLostWork {
			if c.MaxLostWork[level] = most; chance(d, 30) {
				c.MaxLostWork[level] = newLossLimit(d)
			}
		}
	}
	if p.calm {
		c.WorkerExpiration, c.RequestExpiration = 0, 0
	}
	if p.covered {
		c.DisablePreemption, c.BurstCover = false, 0
	}
	return c
}

// newLossLimit draws how much work may be at stake in a run that is preempted.
func newLossLimit(d dice) time.Duration {
	return pick(d, 0, -1, time.Nanosecond, time.Millisecond, time.Second, 3*time.Second,
		10*time.Second, time.Minute)
}

// newTimeout draws how old an assignment gets.
func newTimeout(d dice, p *profile) time.Duration {
	if p.calm {
		return 10 * time.Minute
	}
	return pick(d, 10*time.Minute, 10*time.Minute, time.Minute, 10*time.Second, time.Millisecond)
}

// newAccountConfig draws the settings of an account.
func newAccountConfig(d dice, p *profile) *scheduler.AccountConfig {
	c := &scheduler.AccountConfig{
		MaxCharge: pick(d, time.Millisecond, time.Millisecond, 1500*time.Microsecond, time.Second,
			time.Minute, time.Hour),
		MaxFanout:        pick(d, 0, 0, 0, 1, 2, 3),
		DisableFreeTasks: chance(d, 15),
	}
	for level := range c.ChargeRate {
		if chance(d, 50) {
			c.ChargeRate[level] = pick[scheduler.Rate](d, 1, 7, 300, 500, 1000, 1001, 1500, 2000,
				4000, 1_000_000_000)
		}
	}
	if chance(d, 15) {
		c.SafeAfter = newLossLimit(d)
	}
	if chance(d, 2) {
		c.MaxCharge = 0 // is refused if there is a rate
	}
	if chance(d, 30) {
		c.PerLabelTaskLimits = map[string]int{}
		for range between(d, 1, 2) {
			key := pick(d, "model", "os", "gpu", "v", "os:linux", "model:a", "nowhere")
			c.PerLabelTaskLimits[key] = pick(d, 0, 1, 1, 2, 3)
		}
	}
	if chance(d, 10) {
		c.Description = "about " + p.name
	}
	return c
}

// newBalance draws what an account begins with.
func newBalance(d dice, p *profile) scheduler.Balance {
	var b scheduler.Balance
	for level := range b {
		if p.covered {
			b[level] = scheduler.Quota(between(d, -5, 20) * quotaUnit)
		} else if chance(d, 60) {
			b[level] = newQuota(d)
		}
	}
	return b
}

func newQuota(d dice) scheduler.Quota {
	q := pick[scheduler.Quota](d, 1, 999, 1000, 1001, 100_000, quotaUnit, 3*quotaUnit,
		10*quotaUnit, 60*quotaUnit, 700*quotaUnit, 100_000*quotaUnit, 1<<60)
	if chance(d, 20) {
		return -q
	}
	return q
}

// newAccount draws the id of an account, now and then of none or of one that never exists.
func newAccount(d dice, p *profile) string {
	switch {
	case chance(d, 4):
		return ""
	case chance(d, 3):
		return "nobody"
	}
	return fmt.Sprintf("a%d", d.roll(p.accounts))
}

// some returns each of the labels with a chance of percent, now and then repeated or out of order.
func some(d dice, percent int, labels []string) []string {
	var out []string
	for _, l := range labels {
		if chance(d, percent) {
			out = append(out, l)
		}
	}
	if len(out) > 1 && chance(d, 5) {
		out[0], out[len(out)-1] = out[len(out)-1], out[0]
		out = append(out, out[0])
	}
	return out
}
