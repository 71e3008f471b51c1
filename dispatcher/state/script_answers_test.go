package state

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
)

func shorten(text string) string {
	return longTask.ReplaceAllStringFunc(text, func(id string) string {
		n, _ := strconv.Atoi(id[10:])
		return fmt.Sprint("T", n)
	})
}

// ask answers a stanza that only asks.
func (s *script) ask(d *datadriven.TestData) string {
	switch d.Cmd {
	case "task":
		got, err := s.m.GetTask(&dispatch.GetTaskRequest{Pool: "lab", Id: longID(d.CmdArgs[0].Key)})
		if err != nil {
			return err.Error() + "\n"
		}
		t := got.GetTask()
		l := t.GetLease()
		out := fmt.Sprintf("%s attempts=%d losses=%d failures=%d preemptions=%d", short(t.GetState()), t.GetAttempts(),
			t.GetLosses(), t.GetFailures(), t.GetPreemptions())
		if l != nil {
			out += fmt.Sprintf(" lease=%s on %s %s", l.GetId(), l.GetWorker(), short(l.GetPhase()))
		}
		if l.GetStopReason() != 0 {
			out += " stop=" + short(l.GetStopReason())
		}
		if t.GetDisconnected() {
			out += " disconnected"
		}
		if t.GetMessage() != "" {
			out += fmt.Sprintf(" %q", t.GetMessage())
		}
		if t.GetResult() != nil {
			out += " result={" + resultText(t.GetResult()) + "}"
		}
		if t.GetLateResult() != nil {
			out += " late={" + resultText(t.GetLateResult()) + "}"
		}
		return out + "\n"
	case "list":
		got, err := s.m.ListTasks(&dispatch.ListTasksRequest{Pool: "lab"})
		require.NoError(s.t, err)
		var out strings.Builder
		for _, t := range got.GetTasks() {
			fmt.Fprintln(&out, t.GetId(), short(t.GetState()))
		}
		return out.String()
	case "workers":
		got, err := s.m.ListWorkers(&dispatch.ListWorkersRequest{Pool: "lab"})
		require.NoError(s.t, err)
		var out strings.Builder
		for _, w := range got.GetWorkers() {
			fmt.Fprintf(&out, "%s lease=%q silent=%v cordoned=%q idle=%v\n", w.GetWorker(), w.GetLease().GetId(),
				w.GetSilent(), w.GetCordoned(), w.GetIdleSince() != nil)
		}
		return out.String()
	case "why":
		got, err := s.m.ExplainTask(&dispatch.ExplainTaskRequest{Pool: "lab", Id: longID(d.CmdArgs[0].Key)})
		if err != nil {
			return err.Error() + "\n"
		}
		return firstLine(got.GetText()) + "\n"
	case "pool":
		got, err := s.m.InspectPool(&dispatch.InspectPoolRequest{Pool: "lab"})
		if err != nil {
			return err.Error() + "\n"
		}
		t, w := got.GetSummary().GetTasks(), got.GetSummary().GetWorkers()
		return fmt.Sprintf("waiting=%d assigned=%d running=%d stopping=%d ended=%d payload=%d known=%d idle=%d busy=%d failed=%v\n",
			t.GetWaiting(), t.GetAssigned(), t.GetRunning(), t.GetStopping(), t.GetEnded(), got.GetPayloadBytes(),
			w.GetKnown(), w.GetIdle(), w.GetBusy(), got.GetSummary().GetStatus().GetFailed())
	}
	return ""
}

func resultText(r *dispatch.Result) string {
	text := fmt.Sprint("exit ", r.GetExitCode())
	if r.GetSignal() != "" {
		text = r.GetSignal()
	}
	if r.GetTimedOut() {
		text += " timed out"
	}
	return text
}

// short is the name of an enum's value without its type.
func short(v fmt.Stringer) string {
	name := v.String()
	for _, prefix := range []string{"STATE_", "PHASE_", "STOP_REASON_", "KIND_", "TYPE_", "DIRECTIVE_"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}

func eventText(e *dispatch.Event) string {
	switch k := e.GetKind().(type) {
	case *dispatch.Event_Task:
		c := k.Task
		out := fmt.Sprintf("task %s %s -> %s", c.GetId(), short(c.GetFrom()), short(c.GetTo()))
		if c.GetLeaseId() != "" {
			out += " " + c.GetLeaseId() + " on " + c.GetWorker()
		}
		if c.GetMessage() != "" {
			out += ": " + c.GetMessage()
		}
		return out
	case *dispatch.Event_Worker:
		return strings.TrimSpace(fmt.Sprintf("worker %s %s %s", k.Worker.GetWorker(), short(k.Worker.GetKind()), k.Worker.GetMessage()))
	case *dispatch.Event_Change:
		c := k.Change
		return strings.Join(strings.Fields(fmt.Sprint("change ", c.GetMethod(), " ", c.GetSubject(), " by=", c.GetIdentity(),
			" before=", c.GetBefore(), " after=", c.GetAfter(), " refusal=", c.GetRefusal())), " ")
	case *dispatch.Event_Failure:
		return "failure " + firstLine(k.Failure.GetText())
	}
	s := e.GetScheduler()
	return strings.TrimSpace(fmt.Sprint("  ", short(s.GetType()), " ", s.GetRequestId(), " ", s.GetWorkerId()))
}

func (s *script) ordersText(key WorkerKey) string {
	o, err := s.m.Orders(key.Pool, key.Worker)
	if err != nil {
		return "orders " + key.Worker + ": " + firstLine(err.Error())
	}
	out := "orders " + key.Worker + ":"
	for _, r := range o.Runs {
		out += fmt.Sprintf(" run %s@%d", r.GetLeaseId(), r.GetSlot())
		if r.GetProvisionRequired() {
			out += "(provision)"
		}
	}
	for _, x := range o.Stops {
		out += fmt.Sprintf(" stop %s(%s)", x.GetLeaseId(), short(x.GetReason()))
	}
	for _, id := range o.Recorded {
		out += " recorded " + id
	}
	if o.Directive != 0 {
		out += " " + short(o.Directive)
	}
	return out
}
