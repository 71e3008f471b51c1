package reference_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// sights counts the interesting situations that stories came to.
type sights map[string]int

// storySeeds is how many stories of each profile the coverage test tells.
const storySeeds = 20

// wanted are the situations that random operations must come to, lest the comparison be blind
// there.
var wanted = []string{
	"event ENQUEUED", "event ASSIGNED", "event PREEMPTED", "event REPRIORITIZED",
	"event COMPLETED", "event UNASSIGNED", "event REQUEUED", "event ADOPTED", "event UPDATED",
	"event IGNORED", "event WORKER_EXPIRED", "event CONFIGURED", "event ACCOUNT_UPDATED",
	"event ACCOUNT_SUSPENDED", "event ACCOUNT_RESUMED", "event WORKER_CORDONED",
	"event WORKER_UNCORDONED", "event WIPED", "completed WORKER_GONE", "completed WIPED",
	"ignored EXPIRED",
	"completed WORKER_IDLE", "completed INCONSISTENT_TASK_FOR_WORKER",
	"completed WAITING_TASK_ABSENT", "completed RUNNING_TASK_ABSENT", "completed EXPIRED",
	"ignored REQUEST_NEWER", "ignored WORKER_NEWER", "ignored RUN_WINS",
	"ignored PREEMPTED_SINCE",
	"assigned at level 0", "assigned at level 1", "assigned at level 2", "assigned at level 3",
	"assigned at level 4", "assigned at level 5", "assigned, provision required",
	"assigned out of patience",
	"preempted STAGE_HELD", "preempted STAGE_HANDED_OUT", "preempted STAGE_RUNNING",
	"preempted at a price", "preempted from level 5", "preempted from a paid level",
	"preempted held, with next content", "preempted for level 0", "preempted for level 4",
	"victim placed again in the same pass", "two workers preempted in one pass",
	"promoted from free", "promoted from a paid level", "demoted", "demoted to free",
	"demoted by several levels", "promotion passed over a limited run",
	"limited group waits or is free", "label limit keeps a worker idle", "barred account",
	"free tasks disabled keep a worker idle", "blocked request waits",
	"adopted while waiting", "adopted at a paid level", "adopted from another worker",
	"adopted by an unknown worker", "adopted with next content",
	"held assignment given back", "handed-out assignment timed out", "held assignment timed out",
	"next content kept", "next content used", "labels no longer satisfy a held task",
	"running where it must stop", "abort ended", "abort outlives its assignment",
	"two aborts on one worker",
	"cancelled REASON_PREEMPTED", "cancelled REASON_ERROR", "cancelled REASON_EXPIRED",
	"error on a worker", "error taken back", "error and abort of one task",
	"assignment given again", "assignment for a worker that is not in the call",
	"refused operation", "unknown account", "deep pool",
	"account deleted with runs", "balance above its cap", "debt", "time stands still",
	"time goes back", "long step",
}

// TestStoriesComeEverywhere tells a fixed number of stories, on both sides, and asserts that each
// wanted situation came up.
func TestStoriesComeEverywhere(t *testing.T) {
	if slowed {
		t.Skip("the stories are the same without the slow checks, and told there")
	}
	seen := sights{}
	for i := range profiles {
		for seed := range uint64(storySeeds) {
			dice, p := newSeededDice(seed*100+uint64(i)), &profiles[i]
			d := newDuel(t, newConfig(dice, p), newTimeout(dice, p))
			s := newStoryteller(dice, p)
			for range 120 {
				op, before := s.next(), s.seen
				pool, result, events, err := d.apply(t, op)
				s.look(op, pool, events)
				seen.look(d.config, moment{op, before, pool, result, events, err})
			}
		}
	}
	for _, name := range wanted {
		if seen[name] == 0 {
			t.Errorf("never came to: %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%7d %s", seen[name], name)
		if !slices.Contains(wanted, name) {
			t.Errorf("not in the list: %s", name)
		}
	}
}

// moment is one operation with the pool before and after it.
type moment struct {
	op            *protos.Operation
	before, after *protos.Pool
	result        *protos.Result
	events        []*protos.TaskEvent
	err           error
}

// see counts a situation if it is there.
func (s sights) see(there bool, format string, args ...any) {
	if there {
		s[fmt.Sprintf(format, args...)]++
	}
}

// look counts what there is to see in a moment.
func (s sights) look(c *scheduler.Config, m moment) {
	if m.err != nil {
		s["refused operation"]++
		return
	}
	s.lookAtEvents(c, m)
	s.lookAtPass(m)
	s.lookAtRequests(m)
	s.lookAtReconciler(m)
	s.lookAtAccounts(m)
	if m.op.GetAssignTasks() != nil {
		now := m.before.GetScheduler().GetLastUpdateTime().AsTime()
		step := m.op.GetTime().AsTime().Sub(now)
		s.see(step == 0, "time stands still")
		s.see(step < 0, "time goes back")
		s.see(step.Milliseconds() > 10_000 && m.before.Scheduler != nil, "long step")
	}
}

// runOf returns the run of a request in a snapshot, and its worker; nil if it has none.
func runOf(p *protos.Pool, request string) (*protos.Run, *protos.Worker) {
	for _, w := range p.GetScheduler().GetWorkers() {
		if w.GetRun().GetRequest().GetId() == request && w.GetRun() != nil {
			return w.GetRun(), w
		}
	}
	return nil, nil
}

// accountOf returns the account of a content in a snapshot; nil if it does not exist.
func accountOf(p *protos.Pool, c *protos.RequestContent) *protos.Account {
	if c.GetAccount() == 0 {
		return nil
	}
	id := p.GetScheduler().GetAccountIds()[c.GetAccount()-1]
	for _, a := range p.GetScheduler().GetAccounts() {
		if a.GetId() == id {
			return a
		}
	}
	return nil
}

// labelsOf returns the labels of a set in a snapshot.
func labelsOf(p *protos.Pool, set uint32) (labels []string) {
	if set == 0 {
		return nil
	}
	for _, id := range p.GetScheduler().GetLabelSets()[set-1].GetLabelIds() {
		labels = append(labels, p.GetScheduler().GetLabels()[id])
	}
	return labels
}

// matchesBase says whether a worker has the base labels of a content.
func matchesBase(p *protos.Pool, w *protos.Worker, c *protos.RequestContent) bool {
	have := labelsOf(p, w.GetLabelSet())
	for _, l := range labelsOf(p, c.GetBaseLabelSet()) {
		if !slices.Contains(have, l) {
			return false
		}
	}
	return true
}
