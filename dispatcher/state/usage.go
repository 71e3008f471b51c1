package state

import (
	"maps"
	"slices"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

const (
	numLevels = scheduler.NumPriorities + 1
	// usageHoursKept is for how many hours sums are kept: 32 days.
	usageHoursKept = 32 * 24
	// usageSumsMax is how many sums are kept at most; the oldest hours leave first.
	usageSumsMax = 1_000_000
)

// usage is what the accounts of a pool used. A run counts when its level changes or it ends, split
// at the hours.
type usage struct {
	hours  map[int64]map[string]*usageSum // by hour since 1970, and account
	sums   int
	oldest int64 // the oldest hour kept; meaningless without hours
	runs   map[string]usageRun
	lost   map[string]int64 // milliseconds lost to preemption, by account, since the pool began
	levels map[string]*[numLevels]int64
}

// A usageSum is what one account used in one hour.
type usageSum struct {
	used  [numLevels]int64 // milliseconds of workers, by level
	lost  int64            // milliseconds lost to preemption
	ended int64            // tasks
}

// A usageRun is a request on a worker, and since when it counts at a level.
type usageRun struct {
	account string
	level   int32
	since   time.Time
}

func newUsage() usage {
	return usage{hours: map[int64]map[string]*usageSum{}, runs: map[string]usageRun{},
		lost: map[string]int64{}, levels: map[string]*[numLevels]int64{}}
}

// follow takes an event of the scheduler.
func (u *usage) follow(e *protos.TaskEvent) {
	id, at := e.GetRequestId(), e.GetTime().AsTime()
	switch e.GetType() {
	case protos.TaskEvent_TYPE_ASSIGNED:
		u.start(id, usageRun{e.GetAccountId(), e.GetAssigned().GetPriority(), at})
	case protos.TaskEvent_TYPE_ADOPTED:
		u.stop(id, at)
		u.start(id, usageRun{e.GetAccountId(), e.GetAdopted().GetPriority(), at})
	case protos.TaskEvent_TYPE_REPRIORITIZED:
		account := u.stop(id, at)
		u.start(id, usageRun{account, e.GetReprioritized().GetNewPriority(), at})
	case protos.TaskEvent_TYPE_PREEMPTED:
		account := u.stop(id, at)
		if ms := e.GetPreempted().GetUnsavedWork().AsDuration().Milliseconds(); ms > 0 {
			u.lost[account] += ms
			u.sum(hourOf(at), account).lost += ms
		}
	case protos.TaskEvent_TYPE_COMPLETED, protos.TaskEvent_TYPE_REQUEUED,
		protos.TaskEvent_TYPE_UNASSIGNED:
		u.stop(id, at)
	}
}

func (u *usage) start(id string, r usageRun) {
	u.runs[id] = r
	u.atLevel(r, +1)
}

// stop counts a run up to a time, and returns its account.
func (u *usage) stop(id string, at time.Time) (account string) {
	r, ok := u.runs[id]
	if !ok {
		return ""
	}
	delete(u.runs, id)
	u.atLevel(r, -1)
	r.split(at, func(hour, ms int64) { u.sum(hour, r.account).used[r.level] += ms })
	return r.account
}

// atLevel counts how many runs an account has at a level.
func (u *usage) atLevel(r usageRun, n int64) {
	levels := u.levels[r.account]
	if levels == nil {
		levels = &[numLevels]int64{}
		u.levels[r.account] = levels
	}
	if levels[r.level] += n; *levels == ([numLevels]int64{}) {
		delete(u.levels, r.account)
	}
}

// split yields the milliseconds of a run in each hour up to a time. Of a run that is older than
// what is kept, the rest is left out.
func (r *usageRun) split(until time.Time, yield func(hour, ms int64)) {
	from, to := r.since.UnixMilli(), until.UnixMilli()
	from = max(from, (hourOf(until)-usageHoursKept)*msPerHour)
	for from < to {
		hour := from / msPerHour
		end := min(to, (hour+1)*msPerHour)
		yield(hour, end-from)
		from = end
	}
}

const msPerHour = int64(time.Hour / time.Millisecond)

func hourOf(t time.Time) int64 { return t.UnixMilli() / msPerHour }

// ended counts a task that ended.
func (u *usage) ended(account string, at time.Time) { u.sum(hourOf(at), account).ended++ }

// sum returns the sum of an account in an hour.
func (u *usage) sum(hour int64, account string) *usageSum {
	accounts := u.hours[hour]
	if accounts == nil {
		if len(u.hours) == 0 || hour < u.oldest {
			u.oldest = hour
		}
		accounts = map[string]*usageSum{}
		u.hours[hour] = accounts
	}
	s := accounts[account]
	if s == nil {
		s = &usageSum{}
		accounts[account] = s
		u.sums++
	}
	return s
}

// expire forgets the hours that are too old, or too many.
func (u *usage) expire(now time.Time) {
	for len(u.hours) > 1 && (u.oldest <= hourOf(now)-usageHoursKept || u.sums > usageSumsMax) {
		u.sums -= len(u.hours[u.oldest])
		delete(u.hours, u.oldest)
		u.oldest = slices.Min(slices.Collect(maps.Keys(u.hours)))
	}
}

// endAccount takes it that an account ended: its runs count as free from then on. What it lost is
// forgotten, and its hours stay. It costs O(runs).
func (u *usage) endAccount(id string, at time.Time) {
	for request, r := range u.runs { // the order is free: each counts by itself
		if r.account == id {
			u.stop(request, at)
			u.start(request, usageRun{id, int32(scheduler.FreeBucket), at})
		}
	}
	delete(u.lost, id)
}
