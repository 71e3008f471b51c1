package scheduler

import (
	"time"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
)

func (rd *snapshotReader) readRun(where snapshotPlace, p *protos.Run, w *worker) error {
	if p.GetRequest() == nil {
		return bad(where.and(".request"), "missing")
	}
	if id := p.GetRequest().GetId(); rd.s.requests[RequestID(id)] != nil {
		return bad(where.and(".request").and(".id"), "request %s is in two places, here and in %s",
			check.Quote(id), rd.placeOf(id))
	}
	req, _, err := rd.readRequest(where.and(".request"), p.GetRequest())
	if err != nil {
		return err
	}
	r := &run{req: req, worker: w, level: Priority(p.GetPriority()), stage: Stage(p.GetStage())}
	if r.level < 0 || r.level > FreeBucket {
		return bad(where.and(".priority"), "%d is not from 0 to 5", p.GetPriority())
	}
	if r.stage < Held || r.stage > Running {
		return bad(where.and(".stage"), "%d is not a stage", p.GetStage())
	}
	if r.cost, err = readBalance(where.and(".cost"), p.GetCost(), 0, maxInitialQuota); err != nil {
		return err
	}
	paid, err := readBalance(where.and(".preemption_cost"), p.GetPreemptionCost(), 0, maxInitialQuota)
	if err != nil {
		return err
	}
	for q := range paid {
		if paid[q] > r.cost[q] {
			return bad(where.and(".preemption_cost"), "%d at p%d is above the cost", int64(paid[q]), q)
		}
	}
	if paid != (Balance{}) {
		r.paid = &paid
	}
	if a := r.account(); !a.exists() && (r.level != FreeBucket || r.cost != Balance{}) {
		return bad(where, "a task without a known account is not free of cost and level")
	}
	if err := rd.readRunTimes(where, p, r); err != nil {
		return err
	}
	if p.GetNextContent() != nil {
		next, err := rd.readContent(where.and(".next_content"), p.GetNextContent())
		if err != nil {
			return err
		}
		r.next = rd.named(&next)
		if rd.s.hasContent(req, r.next) {
			return bad(where.and(".next_content"), "the same as the content")
		}
	}
	rd.s.enlist(r)
	return nil
}

func (rd *snapshotReader) readRunTimes(where snapshotPlace, p *protos.Run, r *run) error {
	since, err := readTime(where.and(".paid_since"), p.GetPaidSince())
	if err != nil {
		return err
	}
	if since.nsec%int32(time.Millisecond) != 0 {
		return bad(where.and(".paid_since"), "not in whole milliseconds")
	}
	if rd.s.now.Before(since) {
		return bad(where.and(".paid_since"), "after last_update_time")
	}
	r.since = since.millis()
	if r.start, err = readTime(where.and(".start_time"), p.GetStartTime()); err != nil {
		return err
	}
	if rd.s.now.Before(r.start) {
		return bad(where.and(".start_time"), "after last_update_time")
	}
	return nil
}
