package scheduler

import (
	"slices"

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
	req, lane, err := rd.readRequest(where.and(".request"), p.GetRequest())
	if err != nil {
		return err
	}
	rd.s.requests[req.id] = req
	r := &run{req: req, worker: w, level: Priority(p.GetPriority()), stage: Stage(p.GetStage())}
	if r.level < 0 || r.level > FreeBucket {
		return bad(where.and(".priority"), "%d is not from 0 to 5", p.GetPriority())
	}
	if r.stage < Held || r.stage > Running {
		return bad(where.and(".stage"), "%d is not a stage", p.GetStage())
	}
	if r.stage == Held && w.cordoned {
		return bad(where.and(".stage"), "held for a cordoned worker")
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
	numbers := rd.lanes.list[lane].numbers
	exists := rd.account(numbers.account).exists()
	if !exists && (r.level != FreeBucket || r.cost != Balance{}) {
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
		if next.laneNumbers == numbers && next.enqueued == req.enqueued &&
			slices.Equal(next.tags, req.tags()) {
			return bad(where.and(".next_content"), "the same as the content")
		}
		r.next = rd.named(&next)
	}
	rd.runs = append(rd.runs, r)
	return nil
}

func (rd *snapshotReader) readRunTimes(where snapshotPlace, p *protos.Run, r *run) error {
	now := rd.s.now.millis()
	var err error
	if r.since, err = readMillis(where.and(".paid_since"), p.GetPaidSince()); err != nil {
		return err
	}
	if r.since > now {
		return bad(where.and(".paid_since"), "after last_update_time")
	}
	if r.start, err = readTime(where.and(".start_time"), p.GetStartTime()); err != nil {
		return err
	}
	if rd.s.now.Before(r.start) {
		return bad(where.and(".start_time"), "after last_update_time")
	}
	return rd.readRunProgress(where, p, r)
}

// readRunProgress reads when a run was handed out, and up to when its work is saved.
func (rd *snapshotReader) readRunProgress(where snapshotPlace, p *protos.Run, r *run) (err error) {
	at := where.and(".hand_out_time")
	switch {
	case r.stage != Held:
		if r.handedOut, err = readMillis(at, p.GetHandOutTime()); err != nil {
			return err
		}
		if r.handedOut > rd.s.now.millis() {
			return bad(at, "after last_update_time")
		}
	case p.GetHandOutTime() != nil:
		return bad(at, "set for a task that is held")
	}
	if p.GetSavedTime() == nil {
		return nil
	}
	at = where.and(".saved_time")
	if r.saved, err = readMillis(at, p.GetSavedTime()); err != nil {
		return err
	}
	switch {
	case r.stage == Held:
		return bad(at, "set for a task that is held")
	case r.saved <= r.handedOut:
		return bad(at, "not after hand_out_time")
	case r.saved > rd.s.now.millis():
		return bad(at, "after last_update_time")
	}
	return nil
}
