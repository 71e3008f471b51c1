package promises_test

import (
	"cmp"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// judge reads in a snapshot what the rules say of it, without asking the pool.
type judge struct {
	config   *scheduler.Config
	now      time.Time
	accounts map[string]*protos.Account
	runs     map[string][scheduler.NumPriorities + 1]int64
	names    []string
	pool     *protos.Scheduler
}

func newJudge(pool *protos.Pool) *judge {
	s := pool.GetScheduler()
	c, err := scheduler.ConfigFromProto(s.GetConfig())
	if err != nil {
		panic(err)
	}
	j := &judge{config: c, now: s.GetLastUpdateTime().AsTime(), pool: s,
		accounts: map[string]*protos.Account{}, names: append([]string{""}, s.GetAccountIds()...),
		runs: map[string][scheduler.NumPriorities + 1]int64{}}
	for _, a := range s.GetAccounts() {
		j.accounts[a.GetId()] = a
	}
	for _, w := range s.GetWorkers() {
		if r := w.GetRun(); r != nil {
			id := j.accountOf(r.GetRequest())
			n := j.runs[id]
			n[r.GetPriority()]++
			j.runs[id] = n
		}
	}
	return j
}

func (j *judge) accountOf(r *protos.Request) string { return j.names[r.GetContent().GetAccount()] }

// mayStart says whether an account may start another run at a level.
func (j *judge) mayStart(id string, p int) bool {
	a := j.accounts[id]
	if a == nil {
		return false
	}
	n, rate := 1000*j.runs[id][p], a.GetConfig().GetChargeRate()[p]
	cover := cmp.Or(j.config.BurstCover, 10*time.Minute)
	need := max(0, cover.Milliseconds()) * max(0, n+1000-rate)
	if n < rate && rate < n+1000 {
		need = min(need, rate*a.GetConfig().GetMaxCharge().AsDuration().Milliseconds()-1)
	}
	return a.GetBalance()[p] > max(0, need)
}

// level is the best level at which an account may start another run.
func (j *judge) level(id string) int {
	for p := range scheduler.NumPriorities {
		if j.mayStart(id, p) {
			return p
		}
	}
	return scheduler.NumPriorities
}

// atStake is what a run and the earlier ones of its request would have lost.
func (j *judge) atStake(r *protos.Run) time.Duration {
	lost := r.GetRequest().GetLostWork().AsDuration()
	if r.GetStage() == protos.Stage_STAGE_HELD {
		return lost
	}
	from := r.GetHandOutTime().AsTime()
	if r.GetSavedTime() != nil {
		from = r.GetSavedTime().AsTime()
	}
	return lost + j.now.Truncate(time.Millisecond).Sub(from)
}

// limitAt is how much may be at stake in a run that a request at a level preempts; negative if
// there is no limit.
func (j *judge) limitAt(r *protos.Run, p int) time.Duration {
	safe := j.accounts[j.accountOf(r.GetRequest())].GetConfig().GetSafeAfter().AsDuration()
	return cmp.Or(safe, j.config.MaxLostWork[p], 10*time.Minute)
}

// immune returns a run that was there before, and that a request which waited before should have
// preempted: nothing protects it, and it paid nothing at the request's level or better. It is empty
// if there is none.
func (j *judge) immune(before *judge) string {
	was := map[string]bool{}
	for _, r := range before.pool.GetWaitingRequests() {
		was["waits "+r.GetId()] = true
	}
	for _, w := range before.pool.GetWorkers() {
		was[w.GetId()+" "+w.GetRun().GetRequest().GetId()] = true
	}
	for _, r := range j.pool.GetWaitingRequests() {
		p := j.level(j.accountOf(r))
		if p == scheduler.NumPriorities || !was["waits "+r.GetId()] {
			continue
		}
		for _, w := range j.pool.GetWorkers() {
			run := w.GetRun()
			if run == nil || !was[w.GetId()+" "+run.GetRequest().GetId()] {
				continue
			}
			paid := int64(0)
			for _, q := range run.GetCost()[:p+1] {
				paid += q
			}
			limit := j.limitAt(run, p)
			protected := run.GetStage() != protos.Stage_STAGE_HELD && limit >= 0 &&
				j.atStake(run) > limit
			if int(run.GetPriority()) > p && paid == 0 && !protected &&
				j.accountOf(run.GetRequest()) != j.accountOf(r) {
				return fmt.Sprintf("%s waits at p%d, and %v is not preempted", r.GetId(), p, run)
			}
		}
	}
	return ""
}

// positive is the sum of all balances above zero.
func (j *judge) positive() (sum int64) {
	for _, a := range j.pool.GetAccounts() {
		for _, q := range a.GetBalance() {
			sum += max(0, q)
		}
	}
	return sum
}
