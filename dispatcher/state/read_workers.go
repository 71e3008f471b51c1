package state

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/scheduler"
)

// ListWorkers answers a call of the API: slots, in order of machine, then number. It costs O(page),
// and on an external pool O(workers).
func (m *Machine) ListWorkers(r *dispatch.ListWorkersRequest) (*dispatch.ListWorkersResponse,
	error) {
	p, err := m.usable(r.GetPool())
	if err != nil {
		return nil, err
	}
	size, err := pageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	if p.external {
		return p.listExternalWorkers(r.GetPageToken(), size), nil
	}
	machine, after, err := parseSlot(r.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &dispatch.ListWorkersResponse{}
	for w := range p.byName.From(func(w *worker) bool { return w.name >= machine }) {
		for _, s := range w.slots {
			if w.name == machine && s.index <= after {
				continue
			}
			if len(answer.Workers) == size {
				answer.NextPageToken = answer.Workers[size-1].GetWorker()
				return answer, nil
			}
			answer.Workers = append(answer.Workers, p.slotView(s))
		}
	}
	return answer, nil
}

// parseSlot splits a page token, which is a slot's name; the empty one comes before all.
func parseSlot(token string) (machine string, index int, err error) {
	if token == "" {
		return "", -1, nil
	}
	name, number, _ := strings.Cut(token, "/")
	if index, err = strconv.Atoi(number); err != nil {
		return "", 0, invalid("page_token: not one of this list")
	}
	return name, index, nil
}

// slotView returns a slot as people see it.
func (p *hosted) slotView(s *slot) *dispatch.WorkerView {
	w := s.worker
	v := &dispatch.WorkerView{Worker: s.id, Labels: slices.Clone(w.labels), AcceptsWork: w.accepts,
		Refusal: w.refusal, Silent: w.isSilent(), BootId: w.boot, Directive: w.directive}
	if reason, cordoned := p.personsCordon(s); cordoned {
		v.Cordoned = &reason
	}
	if t := s.task; t != nil {
		v.AccountId = t.account.id
		if t.lease != nil {
			v.Lease = (&leaseMessage{}).fill(t.lease)
		}
		if run, ok := p.usage.runs[t.id]; ok {
			v.Priority = &run.level
		}
		return v
	}
	if known, ok := p.pool.Scheduler().Worker(scheduler.WorkerID(s.id)); ok && known.Run == nil {
		v.IdleSince = timestamppb.New(known.IdleSince)
	}
	return v
}

// listExternalWorkers returns a page of the workers that another dispatcher has.
func (p *hosted) listExternalWorkers(after string, size int) *dispatch.ListWorkersResponse {
	answer := &dispatch.ListWorkersResponse{}
	for w := range p.pool.Scheduler().Workers() {
		if string(w.ID) <= after {
			continue
		}
		if len(answer.Workers) == size {
			answer.NextPageToken = answer.Workers[size-1].GetWorker()
			break
		}
		v := &dispatch.WorkerView{Worker: string(w.ID), Labels: w.Labels, AcceptsWork: true}
		if w.Run == nil {
			v.IdleSince = timestamppb.New(w.IdleSince)
		} else {
			priority := int32(w.Run.Priority)
			v.AccountId, v.Priority = string(w.Run.Account), &priority
			v.Lease = &dispatch.Lease{Id: string(w.Run.Request), Worker: v.Worker,
				AssignTime: timestamppb.New(w.Run.StartTime)}
		}
		answer.Workers = append(answer.Workers, v)
	}
	return answer
}

// GetUsage answers a call of the API. It costs O(accounts) for each hour, and O(runs).
func (m *Machine) GetUsage(r *dispatch.GetUsageRequest) (*dispatch.GetUsageResponse, error) {
	p, err := m.readable(r.GetPool())
	if err != nil {
		return nil, err
	}
	since, until := p.now.Add(-30*24*time.Hour), p.now
	if t := r.GetSince(); t != nil {
		if since, err = readTime("since", t); err != nil {
			return nil, invalid("%v", err)
		}
	}
	if t := r.GetUntil(); t != nil {
		if until, err = readTime("until", t); err != nil {
			return nil, invalid("%v", err)
		}
	}
	from := max(hourOf(since), hourOf(p.now)-usageHoursKept+1)
	to := min(hourOf(until.Add(time.Hour-time.Millisecond)), hourOf(p.now)+1)
	return &dispatch.GetUsageResponse{Accounts: p.usage.between(from, to, p.now),
		Since: timestamppb.New(time.UnixMilli(from * msPerHour).UTC())}, nil
}

// between sums the hours from one up to another, with what runs has used up to now.
func (u *usage) between(from, to int64, now time.Time) (all []*dispatch.AccountUsage) {
	sums := map[string]*usageSum{}
	of := func(account string) *usageSum {
		if sums[account] == nil {
			sums[account] = &usageSum{}
		}
		return sums[account]
	}
	for hour := from; hour < to; hour++ {
		for id, s := range u.hours[hour] { // the order is free: sums do not depend on it
			t := of(id)
			for level, ms := range s.used {
				t.used[level] += ms
			}
			t.lost, t.ended = t.lost+s.lost, t.ended+s.ended
		}
	}
	for _, r := range u.runs { // so it is here
		r.split(now, func(hour, ms int64) {
			if hour >= from && hour < to {
				of(r.account).used[r.level] += ms
			}
		})
	}
	for _, id := range slices.Sorted(maps.Keys(sums)) {
		s := sums[id]
		all = append(all, &dispatch.AccountUsage{AccountId: id, UsedMs: slices.Clone(s.used[:]),
			LostMs: s.lost, EndedTasks: s.ended})
	}
	return all
}
