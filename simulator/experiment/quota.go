package experiment

import (
	"cmp"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// surroundings are what a policy depends on.
type surroundings struct {
	accounts []scheduler.AccountID // that submit something
	workers  int
	fromLog  bool
}

// The burst covers where the file says nothing. The scheduler's own default suits tasks of minutes.
// The jobs of batch logs take hours, and one that can pay for a minute would preempt others only to
// be preempted itself.
const (
	workloadBurstCover = scheduler.DefaultBurstCover
	traceBurstCover    = time.Hour
)

// simulated returns the policy as the simulator takes it. It is valid if the policy is.
func (p *Policy) simulated(in *surroundings) simulator.Policy {
	out := simulator.Policy{
		Accounts:  p.quotas(in),
		Scheduler: p.Scheduler.config(in.fromLog),
		NoRetry:   !p.Retry,
	}
	if p.Builtin == FIFO {
		out.Scheduler.DisablePreemption = true
	}
	return out
}

// quotas returns the accounts that the policy makes.
func (p *Policy) quotas(in *surroundings) map[scheduler.AccountID]simulator.Account {
	if p.Builtin == FIFO {
		return nil
	}
	if p.Builtin == Fair {
		return simulator.Shares{
			Level:     p.Level.priority(),
			Rate:      simulator.EqualRate(in.workers, len(in.accounts)),
			MaxCharge: cmp.Or(p.MaxCharge, defaultMaxCharge),
		}.Accounts(in.accounts)
	}
	all := make(map[scheduler.AccountID]simulator.Account, len(p.Accounts))
	for id, a := range p.Accounts { // in any order: it only fills a map
		all[id] = a.simulated()
	}
	for i, ids := range p.members(in.accounts) {
		a := p.Groups[i].account(len(ids)).simulated()
		for _, id := range ids {
			all[id] = a
		}
	}
	return all
}

// members returns, for each group, the accounts that are its: those that Accounts does not name,
// and that match no group before it.
func (p *Policy) members(accounts []scheduler.AccountID) [][]scheduler.AccountID {
	members := make([][]scheduler.AccountID, len(p.Groups))
	for _, id := range accounts {
		if _, named := p.Accounts[id]; named {
			continue
		}
		for i := range p.Groups {
			if matches(p.Groups[i].Match, string(id)) {
				members[i] = append(members[i], id)
				break
			}
		}
	}
	return members
}

// account returns the settings of each of n accounts of the group.
func (g *Group) account(n int) *Account {
	var a Account
	a.SetDefaults()
	if g.Each != nil {
		a = *g.Each
	}
	if g.Share != nil && n > 0 {
		each := func(rate float64) float64 {
			if rate == 0 {
				return 0
			}
			return max(rate/float64(n), 0.001) // the least that an account can earn
		}
		s := g.Share
		a.Rates = Levels{P0: each(s.P0), P1: each(s.P1), P2: each(s.P2), P3: each(s.P3),
			P4: each(s.P4)}
	}
	return &a
}

// matches says whether an id looks like a pattern, in which * stands for any text and ? for any
// character. Cost: O(pattern × id) at worst.
func matches(pattern, id string) bool {
	p, s := []rune(pattern), []rune(id)
	star, retry := -1, 0 // the last *, and where in s what it stands for ends
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, retry = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i, j = i+1, j+1
		case star >= 0:
			retry++
			i, j = star+1, retry
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// priority returns the level as a number; the empty one is p1.
func (l Level) priority() scheduler.Priority {
	for p, name := range levels {
		if l == name {
			return scheduler.Priority(p)
		}
	}
	return 1
}

// config returns the settings as the scheduler takes them.
func (a *Account) config() scheduler.AccountConfig {
	c := scheduler.AccountConfig{
		MaxCharge:          a.MaxCharge,
		MaxFanout:          a.MaxFanout,
		PerLabelTaskLimits: a.LabelLimits,
		DisableFreeTasks:   !a.FreeTasks,
		Description:        a.Description,
	}
	if a.SafeAfter != nil {
		c.SafeAfter = leastForNone(*a.SafeAfter)
	}
	for p, rate := range a.Rates.list() {
		c.ChargeRate[p] = scheduler.Workers(rate)
	}
	return c
}

// simulated returns the account as the simulator takes it.
func (a *Account) simulated() simulator.Account {
	out := simulator.Account{Config: a.config()}
	for p, seconds := range a.Balance.Seconds.list() {
		out.Balance[p] = scheduler.WorkerSeconds(seconds)
		if a.Balance.Full { // a milli-worker earns a unit in a millisecond
			rate := int64(out.Config.ChargeRate[p])
			out.Balance[p] = scheduler.Quota(rate * a.MaxCharge.Milliseconds())
		}
	}
	return out
}

// config returns the settings as the scheduler takes them, in which 0 stands for a default.
func (s *Scheduler) config(fromLog bool) scheduler.Config {
	cover := workloadBurstCover
	if fromLog {
		cover = traceBurstCover
	}
	if s.BurstCover != nil {
		cover = *s.BurstCover
	}
	if cover == 0 {
		cover = -1 // none
	}
	return scheduler.Config{
		DisablePreemption: s.DisablePreemption,
		WorkerExpiration:  s.WorkerExpiration,
		RequestExpiration: s.RequestExpiration,
		ProvisionPatience: leastForNone(s.ProvisionPatience),
		MaxLostWork:       s.MaxLostWork.limits(),
		OwedAfter:         leastForNone(s.OwedAfter),
		BurstCover:        cover,
		PromoteThreshold:  cmp.Or(scheduler.WorkerSeconds(s.PromoteThreshold), 1),
		DemoteThreshold:   cmp.Or(scheduler.WorkerSeconds(s.DemoteThreshold), -1),
	}
}

// accountQuotas returns what a policy gives its accounts, in order of id.
func accountQuotas(p *simulator.Policy) []AccountQuota {
	quotas := []AccountQuota{}
	for _, id := range sortedIDs(p.Accounts) {
		c := p.Accounts[id].Config
		q := AccountQuota{
			Account:          id,
			MaxChargeSeconds: c.MaxCharge.Seconds(),
			MaxFanout:        c.MaxFanout,
			FreeTasks:        !c.DisableFreeTasks,
		}
		for level, rate := range c.ChargeRate {
			q.Rates[level] = float64(rate) / 1000
		}
		quotas = append(quotas, q)
	}
	return quotas
}
