//go:build !race

package swarming_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	pluginpb "go.chromium.org/luci/swarming/proto/plugin"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// follow looks at the events of entries that no node has applied before.
func (d *day) follow(all []*dispatch.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(all) == 0 || all[0].GetPosition().GetIndex() <= d.seen {
		return
	}
	d.seen = all[0].GetPosition().GetIndex()
	for _, e := range all {
		if e.GetScheduler() != nil {
			d.event(e.GetScheduler())
		}
		if e.GetFailure() != nil {
			d.fail("the pool failed: %v", e.GetFailure())
		}
	}
}

func (d *day) event(e *protos.TaskEvent) {
	k, bot := d.tasks[e.GetRequestId()], e.GetWorkerId()
	if k == nil {
		return
	}
	d.note(k, "%v %s %v", e.GetType(), bot, e.GetDetails())
	if i := e.GetIgnored(); i != nil {
		d.note(k, "%v %v", i.GetReason(), e)
	}
	switch e.GetType() {
	case protos.TaskEvent_TYPE_ENQUEUED:
		if k.enqueued++; k.enqueued > 1 && (!k.preempted || k.spec.GetBotId() != "") {
			d.fail("task %s is new again, in state %v", k.spec.GetId(), k.spec.GetState())
		}
		k.left, k.preempted = 0, false // it was preempted before it began, and waits again
	case protos.TaskEvent_TYPE_ASSIGNED:
		d.assigned[bot] = e.GetRequestId()
		if k.preempted { // before it was handed out, so that it waited again
			k.left, k.preempted = 0, false
		}
		if on := k.spec.GetBotId(); on != "" && on != bot {
			d.fail("task %s is given to %s, and was on %s: %s", k.spec.GetId(), bot, on,
				strings.Join(k.past, "; "))
		}
		return
	case protos.TaskEvent_TYPE_PREEMPTED:
		d.counts.preempted++
		k.left, k.preempted = k.left+1, true
	case protos.TaskEvent_TYPE_COMPLETED:
		waited := e.GetCompleted().GetReason() == protos.TaskEvent_Completed_REASON_WAITING_TASK_ABSENT
		if k.preempted && waited { // before it was handed out
			k.left = 0
		}
		k.left++
		if k.spec.GetState() < pluginpb.TaskSpec_RAN_INTERNAL_FAILURE {
			d.fail("task %s is over by %v, and is %v", k.spec.GetId(), e, k.spec.GetState())
		}
	case protos.TaskEvent_TYPE_REQUEUED, protos.TaskEvent_TYPE_UNASSIGNED,
		protos.TaskEvent_TYPE_ADOPTED:
	default:
		return
	}
	if k.left > 1 {
		d.fail("task %s left twice, at last by %v; it is %v", k.spec.GetId(), e, k.spec.GetState())
	}
	for b, id := range d.assigned { // a bot has at most one
		if id == e.GetRequestId() {
			delete(d.assigned, b)
		}
	}
}

// check looks at the end of the day.
func (d *day) check() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.t.Logf("in %v: %+v", time.Since(d.begin), d.counts)
	require.Empty(d.t, d.wrong)
	require.Zero(d.t, d.open, "tasks that have not ended")
	c := d.counts
	for name, n := range map[string]int{"claims": c.claims, "cancelled": c.cancelled, "bad": c.bad,
		"callbacks": c.callbacks, "callsLost": c.callsLost, "answersLost": c.answersLost,
		"callsTwice": c.callsTwice, "newsLost": c.newsLost, "newsTwice": c.newsTwice,
		"again": c.again, "preempted": c.preempted, "killed": c.killed,
		"disappeared": c.disappeared} {
		require.NotZero(d.t, n, name)
	}
	require.Equal(d.t, 10, c.kills)
	for _, k := range d.tasks {
		want := map[bool]int{true: 1, false: 0}[k.enqueued > 0]
		require.Equal(d.t, want, k.left, "task %s, %v", k.spec.GetId(), k.spec.GetState())
	}
	d.c.read(func(m *state.Machine) {
		p, err := m.InspectPool(&dispatch.InspectPoolRequest{Pool: "lab"})
		require.NoError(d.t, err)
		require.Zero(d.t, p.GetSummary().GetTasks().GetWaiting(), "waiting")
		require.Zero(d.t, p.GetSummary().GetTasks().GetRunning(), "running")
		cancellations, err := m.Cancellations("lab")
		require.NoError(d.t, err)
		require.Empty(d.t, cancellations)
	})
}

// agree compares the nodes when all have applied the same entries.
func (d *day) agree() {
	var last map[string]bool
	for range 100 {
		last = map[string]bool{}
		indexes := map[uint64]bool{}
		for _, id := range d.c.ids() {
			s := d.c.member(id).Status()
			indexes[s.GetAppliedIndex()] = true
			last[fmt.Sprint(s.GetAppliedIndex(), " ", s.GetRollingHash())] = true
		}
		if len(indexes) == 1 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	require.Len(d.t, last, 1, "the nodes agree")
}
