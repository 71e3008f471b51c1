package script

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// trimEnum is the name of an enum value without its prefix.
func trimEnum(value fmt.Stringer, prefix string) string {
	return strings.TrimPrefix(value.String(), prefix)
}

func quoteText(s string) string { return strconv.Quote(s) }

// fullEvent writes all fields of an event, one a line.
func fullEvent(e *protos.TaskEvent) string {
	s := trimEnum(e.Type, "TYPE_")
	for line := range strings.Lines(formatMessage(e)) {
		if !strings.HasPrefix(line, "type:") {
			s += "\n  " + strings.TrimSuffix(line, "\n")
		}
	}
	return s
}

// shortEvent writes what matters most: the type, the request, its account, and the details.
func shortEvent(e *protos.TaskEvent, at time.Time) string {
	var b strings.Builder
	b.WriteString(trimEnum(e.Type, "TYPE_"))
	if e.RequestId != "" {
		b.WriteString(" " + e.RequestId)
	}
	if e.AccountId != "" {
		b.WriteString(" of " + e.AccountId)
		if !e.AccountValid {
			b.WriteString("?")
		}
	}
	b.WriteString(eventDetails(e))
	if t := e.Time.AsTime(); !t.Equal(at) {
		b.WriteString(" @" + formatTime(t))
	}
	return b.String()
}

// eventDetails is what differs by type.
func eventDetails(e *protos.TaskEvent) string {
	where := ""
	if e.WorkerId != "" {
		where = " on " + e.WorkerId
	}
	switch d := e.Details.(type) {
	case *protos.TaskEvent_Enqueued_:
		if len(d.Enqueued.Tags) > 0 {
			return " tags " + strings.Join(d.Enqueued.Tags, ",")
		}
		return ""
	case *protos.TaskEvent_Assigned_:
		return assignedDetails(e, d.Assigned)
	case *protos.TaskEvent_Preempted_:
		return where + preemptedDetails(e, d.Preempted)
	case *protos.TaskEvent_Reprioritized_:
		return fmt.Sprintf("%s: %s -> %s%s", where, formatLevel(d.Reprioritized.OldPriority),
			formatLevel(d.Reprioritized.NewPriority), costDetails(e))
	case *protos.TaskEvent_Completed_:
		s := where + ": " + trimEnum(d.Completed.Reason, "REASON_")
		if d.Completed.OtherRequestId != "" {
			s += ", now " + d.Completed.OtherRequestId
		}
		if d.Completed.OtherWorkerId != "" {
			s += ", other worker " + d.Completed.OtherWorkerId
		}
		return s + costDetails(e)
	case *protos.TaskEvent_Adopted_:
		s := where + " at " + formatLevel(d.Adopted.Priority)
		if d.Adopted.OtherWorkerId != "" {
			s += ", was on " + d.Adopted.OtherWorkerId
		}
		return s + costDetails(e)
	case *protos.TaskEvent_Ignored_:
		return fmt.Sprintf("%s: %s, known %s", where, trimEnum(d.Ignored.Reason, "REASON_"),
			formatTime(d.Ignored.KnownTime.AsTime()))
	case *protos.TaskEvent_Order_:
		return where + orderDetails(d.Order)
	}
	return where + costDetails(e)
}

func assignedDetails(e *protos.TaskEvent, a *protos.TaskEvent_Assigned) string {
	s := fmt.Sprintf(" to %s at %s", e.WorkerId, formatLevel(a.Priority))
	if a.ProvisionRequired {
		s += ", provision"
	}
	if a.Preempting {
		s += ", preempting " + a.PreemptedRequestId
		if v := formatVector(a.PreemptionCost); v != "[0]" {
			s += ", paying " + v
		}
	}
	return s
}

// preemptedDetails say who took the worker, what that paid back, and which work it destroyed: of
// this run, and in all.
func preemptedDetails(e *protos.TaskEvent, d *protos.TaskEvent_Preempted) string {
	s := fmt.Sprintf(" by %s of %s: %s -> %s%s", d.ByRequestId, d.ByAccountId,
		formatLevel(d.OldPriority), formatLevel(d.NewPriority), costDetails(e))
	if d.Refund != 0 {
		s += ", refund " + scheduler.Quota(d.Refund).String()
	}
	if d.UnsavedWork != nil {
		s += ", losing " + d.UnsavedWork.AsDuration().String()
	}
	if d.LostWork != nil && d.LostWork.AsDuration() != d.UnsavedWork.AsDuration() {
		s += ", in all " + d.LostWork.AsDuration().String()
	}
	return s
}

// orderDetails are the fields that an operator changed, and why.
func orderDetails(o *protos.TaskEvent_Order) string {
	s := ""
	if len(o.Fields) > 0 {
		s += " " + strings.Join(o.Fields, ",")
	}
	if o.Reason != "" {
		s += ": " + quoteText(o.Reason)
	}
	return s
}

// costDetails is what the run had cost, unless that is nothing.
func costDetails(e *protos.TaskEvent) string {
	if v := formatVector(e.Cost); len(e.Cost) > 0 && v != "[0]" {
		return ", cost " + v
	}
	return ""
}
