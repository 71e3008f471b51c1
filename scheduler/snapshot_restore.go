package scheduler

import (
	"fmt"
	"iter"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
)

// NewFromProto is Restore by another name.
func NewFromProto(p *protos.Scheduler) (*Scheduler, error) { return Restore(p) }

// Restore returns a scheduler that goes on from a snapshot exactly as the one that wrote it.
// Nothing in it aliases the message. The error is ErrInvalidSnapshot, and names the field that no
// scheduler could have written. RestoreBytes takes bytes, in half the time.
func Restore(p *protos.Scheduler) (*Scheduler, error) {
	if p == nil {
		return nil, fmt.Errorf("%w: nil", ErrInvalidSnapshot)
	}
	return restore(&snapshotSource{
		tables:       p,
		sets:         withoutErrors(p.GetLabelSets()),
		setsCount:    len(p.GetLabelSets()),
		waiting:      withoutErrors(p.GetWaitingRequests()),
		waitingCount: len(p.GetWaitingRequests()),
		workers:      withoutErrors(p.GetWorkers()),
		workersCount: len(p.GetWorkers()),
	})
}

// A snapshotSource is a snapshot to read: a message, or bytes. What there is much of comes one by
// one, each valid until the next one comes, and can be gone through several times.
type snapshotSource struct {
	tables *protos.Scheduler // all of it but label sets, waiting requests and workers

	sets         iter.Seq2[*protos.LabelSet, error]
	setsCount    int
	waiting      iter.Seq2[*protos.Request, error]
	waitingCount int
	workers      iter.Seq2[*protos.Worker, error]
	workersCount int
}

func withoutErrors[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range list {
			if !yield(x, nil) {
				return
			}
		}
	}
}

func restore(from *snapshotSource) (*Scheduler, error) {
	if v := from.tables.GetRuleVersion(); v != RuleVersion {
		return nil, bad(topField("rule_version"), "rule version %d, and only %d is known", v, RuleVersion)
	}
	now, err := readTime(topField("last_update_time"), from.tables.GetLastUpdateTime())
	if err != nil {
		return nil, err
	}
	called, err := readTime(topField("call_time"), from.tables.GetCallTime())
	if err != nil {
		return nil, err
	}
	if now.Before(called) {
		return nil, bad(topField("call_time"), "after last_update_time")
	}
	config, err := ConfigFromProto(from.tables.GetConfig())
	if err != nil {
		return nil, bad(topField("config"), "%v", err)
	}
	s := newScheduler(now.time(), config)
	s.called = called
	s.workers = make(map[WorkerID]*worker, from.workersCount)
	rd := &snapshotReader{s: s, from: from}
	defer rd.release()
	for _, step := range []func() error{
		rd.readAccounts, rd.readTables, rd.readCordons, rd.readWaiting, rd.readWorkers,
		rd.readExpired,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	rd.makeLanes()
	for _, r := range rd.runs {
		s.enlist(r)
	}
	return s, nil
}

// A snapshotReader fills a new scheduler from a snapshot, and checks it on the way.
type snapshotReader struct {
	s    *Scheduler
	from *snapshotSource
	sets []*labelSet // the label sets by number, with a reference each

	accounts []*account // by number; nil for those that were not asked for so far

	lanes         lanePlans
	requests      []plannedRequest // the waiting ones by id, then those of runs
	waiting       int              // how many of them wait
	runs          []*run           // to put into their lists when there are lanes
	spareRequests []request        // to use
}

// release gives the references to label sets back.
func (rd *snapshotReader) release() {
	for _, set := range rd.sets {
		rd.s.labels.release(set)
	}
}

func (rd *snapshotReader) readAccounts() error {
	last := ""
	for i, a := range rd.from.tables.GetAccounts() {
		where := snapshotPlace{list: "accounts", index: i}
		if err := readID(where.and(".id"), a.GetId(), &last); err != nil {
			return err
		}
		c, err := AccountConfigFromProto(a.GetConfig())
		if err != nil {
			return bad(where.and(".config"), "%v", err)
		}
		b, err := readBalance(where.and(".balance"), a.GetBalance(), -maxQuota, maxQuota)
		if err != nil {
			return err
		}
		rd.s.addAccount(AccountID(a.GetId()), c, b)
		if err := rd.readAccountState(where, a); err != nil {
			return err
		}
	}
	return nil
}

// readAccountState reads an account's suspension and its ended runs.
func (rd *snapshotReader) readAccountState(where snapshotPlace, p *protos.Account) error {
	a := rd.s.accounts[AccountID(p.GetId())]
	if p.GetSuspension() != nil {
		reason := p.GetSuspension().GetReason()
		if err := checkTexts("reason", []string{reason}); err != nil {
			return bad(where.and(".suspension"), "%v", err)
		}
		a.suspended, a.reason = true, reason
	}
	var last endedRun
	for i, r := range p.GetEndedRuns() {
		at := where.and(fmt.Sprintf(".ended_runs[%d]", i))
		end, err := readMillis(at.and(".end_time"), r.GetEndTime())
		if err != nil {
			return err
		}
		next := endedRun{Priority(r.GetPriority()), end}
		switch {
		case next.level < 0 || next.level >= NumPriorities:
			return bad(at.and(".priority"), "%d is not from 0 to 4", r.GetPriority())
		case end <= rd.s.now.millis():
			return bad(at.and(".end_time"), "not after last_update_time")
		case next.level < last.level || next.level == last.level && end < last.end:
			return bad(at, "not in order")
		}
		last = next
		a.ended = append(a.ended, next)
	}
	if len(a.ended) > 0 {
		rd.s.owing = append(rd.s.owing, a)
	}
	return nil
}

func (rd *snapshotReader) readCordons() error {
	list := rd.from.tables.GetCordons()
	if len(list) > cordonsMax {
		return bad(topField("cordons"), "%d, more than %d", len(list), cordonsMax)
	}
	last := ""
	for i, c := range list {
		where := snapshotPlace{list: "cordons", index: i}
		if err := readID(where.and(".worker_id"), c.GetWorkerId(), &last); err != nil {
			return err
		}
		if err := checkTexts("reason", []string{c.GetReason()}); err != nil {
			return bad(where.and(".reason"), "%v", err)
		}
		rd.s.cordons[WorkerID(c.GetWorkerId())] = c.GetReason()
	}
	return nil
}

func (rd *snapshotReader) readWorkers() error {
	last, i := "", -1
	for p, err := range rd.from.workers {
		i++
		where := snapshotPlace{list: "workers", index: i}
		if err != nil {
			return bad(where, "%v", err)
		}
		if err := readID(where.and(".id"), p.GetId(), &last); err != nil {
			return err
		}
		if err := rd.checkSet(where.and(".label_set"), p.GetLabelSet()); err != nil {
			return err
		}
		confirmed, err := readTime(where.and(".confirmed_time"), p.GetConfirmedTime())
		if err != nil {
			return err
		}
		if p.GetRun() != nil && p.GetIdleSince() != nil {
			return bad(where.and(".idle_since"), "set for a worker that has a run")
		}
		set := rd.sets[p.GetLabelSet()]
		set.refs++
		w := rd.s.addWorker(WorkerID(p.GetId()), set)
		w.confirmed = confirmed
		if p.GetRun() == nil {
			if w.idleSince, err = readTime(where.and(".idle_since"), p.GetIdleSince()); err != nil {
				return err
			}
			rd.s.addIdle(w)
			continue
		}
		if err := rd.readRun(where.and(".run"), p.GetRun(), w); err != nil {
			return err
		}
	}
	return nil
}

func (rd *snapshotReader) readExpired() error {
	last, times := "", rd.from.tables.GetExpiredEnqueueTimes()
	if n := len(rd.from.tables.GetExpiredRequests()); len(times) != n {
		return bad(topField("expired_enqueue_times"), "%d times for %d requests", len(times), n)
	}
	for i, id := range rd.from.tables.GetExpiredRequests() {
		if err := readID(snapshotPlace{list: "expired_requests", index: i}, id, &last); err != nil {
			return err
		}
		t, err := readTime(snapshotPlace{list: "expired_enqueue_times", index: i}, times[i])
		if err != nil {
			return err
		}
		rd.s.expired[RequestID(id)] = t
	}
	return nil
}

// readID checks an id that must come after the last one, and makes it the last one.
func readID(where snapshotPlace, id string, last *string) error {
	if err := check.ID("id", id); err != nil {
		return bad(where, "%v", err)
	}
	if id <= *last {
		return bad(where, "%s is not in order, or there twice", check.Quote(id))
	}
	*last = id
	return nil
}

func readTime(where snapshotPlace, t *timestamppb.Timestamp) (instant, error) {
	if t == nil {
		return instant{}, bad(where, "missing")
	}
	if err := check.Nanos(t.GetNanos()); err != nil {
		return instant{}, bad(where, "%v", err)
	}
	if !check.InRange(t.AsTime()) {
		return instant{}, bad(where, "%v is not in the years 1970 to 9999", t.AsTime())
	}
	return instantAt(t.GetSeconds(), t.GetNanos()), nil
}

// readMillis reads an accounting time.
func readMillis(where snapshotPlace, t *timestamppb.Timestamp) (int64, error) {
	at, err := readTime(where, t)
	if err == nil && at.nsec%int32(time.Millisecond) != 0 {
		err = bad(where, "not in whole milliseconds")
	}
	return at.millis(), err
}

func readBalance(where snapshotPlace, units []int64, least, most Quota) (Balance, error) {
	var b Balance
	if len(units) != NumPriorities {
		return b, bad(where, "%d numbers instead of %d", len(units), NumPriorities)
	}
	for p, u := range units {
		if Quota(u) < least || Quota(u) > most {
			return b, bad(where, "%d at p%d is out of range", u, p)
		}
		b[p] = Quota(u)
	}
	return b, nil
}
