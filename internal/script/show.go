package script

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// show prints the state, or the parts named.
func (p *pool) show(c *command) error {
	type part struct {
		name string
		show func(*pool)
	}
	parts := []part{
		{"time", (*pool).showTime},
		{"accounts", (*pool).showAccounts},
		{"requests", (*pool).showRequests},
		{"workers", (*pool).showWorkers},
		{"expired", (*pool).showExpired},
		{"queues", (*pool).showQueues},
	}
	wanted := c.words
	c.words = nil
	for _, name := range wanted {
		if !slices.ContainsFunc(parts, func(part part) bool { return part.name == name }) {
			return scriptError("there is no part %s", name)
		}
	}
	for _, part := range parts {
		if len(wanted) == 0 || slices.Contains(wanted, part.name) {
			part.show(p)
		}
	}
	return nil
}

func (p *pool) showTime() {
	p.printf("time %s", formatTime(p.s.ToProto().LastUpdateTime.AsTime()))
}

func (p *pool) showAccounts() {
	for id, balance := range p.engine().Balances() {
		p.printf("account %s: %s", id, formatBalance(balance))
	}
}

func (p *pool) showRequests() {
	for r := range p.engine().Waiting() {
		p.printf("waiting %s", describeRequest(&r))
	}
}

// describeRequest writes a request. Times at which it was enqueued are always there, and the
// newest news of it only if that was later.
func describeRequest(r *scheduler.TaskRequest) string {
	s := string(r.ID)
	if r.Account != "" {
		s += " of " + string(r.Account)
	}
	if len(r.BaseLabels) > 0 {
		s += ", base " + strings.Join(r.BaseLabels, ",")
	}
	if len(r.ProvisionableLabels) > 0 {
		s += ", prov " + strings.Join(r.ProvisionableLabels, ",")
	}
	if len(r.Tags) > 0 {
		s += ", tags " + strings.Join(r.Tags, ",")
	}
	s += ", enqueued " + formatTime(r.EnqueueTime)
	if !r.ConfirmedTime.Equal(r.EnqueueTime) {
		s += ", confirmed " + formatTime(r.ConfirmedTime)
	}
	if r.Blocked {
		s += ", blocked"
	}
	return s
}

func (p *pool) showWorkers() {
	for w := range p.engine().Workers() {
		name := string(w.ID) + formatLabels(w.Labels)
		if w.Run == nil {
			s := fmt.Sprintf("worker %s: idle since %s", name, formatTime(w.IdleSince))
			if !w.ConfirmedTime.Equal(w.IdleSince) {
				s += ", confirmed " + formatTime(w.ConfirmedTime)
			}
			p.printf("%s", s)
			continue
		}
		p.printf("worker %s: %s", name, p.describeRun(&w))
	}
}

// describeRun writes a worker's run.
func (p *pool) describeRun(w *scheduler.Worker) string {
	run := w.Run
	s := string(run.Request)
	if run.Account != "" {
		s += " of " + string(run.Account)
	}
	s += fmt.Sprintf(" %s at %s since %s, cost %s", run.Stage, run.Priority,
		formatTime(run.StartTime), formatBalance(run.Cost))
	if run.PreemptionCost != (scheduler.Balance{}) {
		s += ", for the worker " + formatBalance(run.PreemptionCost)
	}
	r, _ := p.engine().Request(run.Request)
	if c := r.ConfirmedTime; !c.Equal(run.StartTime) {
		s += ", confirmed " + formatTime(c)
	}
	if c := w.ConfirmedTime; !c.Equal(r.ConfirmedTime) {
		s += ", worker confirmed " + formatTime(c)
	}
	if r.Blocked {
		s += ", blocked"
	}
	return s
}

func (p *pool) showExpired() {
	if ids := p.s.ToProto().ExpiredRequests; len(ids) > 0 {
		p.printf("expired, not taken: %s", strings.Join(ids, " "))
	}
}

// showQueues prints what the reconciler holds.
func (p *pool) showQueues() {
	r := p.reconcilerProto()
	for _, q := range r.GetWorkerQueues() {
		p.printf("queue %s: %s", q.WorkerId, describeQueue(q))
	}
	for _, e := range r.GetTaskErrors() {
		where := ""
		if e.WorkerId != "" {
			where = " on " + e.WorkerId
		}
		p.printf("error of %s%s: %s", e.RequestId, where, quoteText(e.Message))
	}
	if len(r.GetExpiredRequests()) > 0 {
		p.printf("expired: %s", strings.Join(r.ExpiredRequests, " "))
	}
}

func describeQueue(q *protos.WorkerQueue) string {
	var parts []string
	if a := q.TaskToAssign; a != nil {
		s := fmt.Sprintf("assign %s since %s", a.RequestId, formatTime(a.SinceTime.AsTime()))
		if a.HandedOut {
			s += ", handed out"
		}
		parts = append(parts, s)
	}
	for _, a := range q.TasksToAbort {
		parts = append(parts,
			fmt.Sprintf("abort %s since %s", a.RequestId, formatTime(a.SinceTime.AsTime())))
	}
	return strings.Join(parts, "; ")
}
