package scheduler

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
)

// NewFromProto returns a scheduler that goes on from a snapshot exactly as the one that wrote it.
// Nothing in it aliases the message. The error is ErrInvalidSnapshot, and names the field that no
// scheduler could have written.
func NewFromProto(p *protos.Scheduler) (*Scheduler, error) {
	if p == nil {
		return nil, fmt.Errorf("%w: nil", ErrInvalidSnapshot)
	}
	now, err := readTime(snapshotPlace{field: "last_update_time"}, p.GetLastUpdateTime())
	if err != nil {
		return nil, err
	}
	config, err := configFromProto(p.GetConfig())
	if err != nil {
		return nil, err
	}
	rd := &snapshotReader{s: newScheduler(now.time(), config), p: p}
	rd.s.requests = make(map[RequestID]*request, len(p.GetWaitingRequests())+len(p.GetWorkers()))
	rd.s.workers = make(map[WorkerID]*worker, len(p.GetWorkers()))
	defer rd.release()
	for _, step := range []func() error{
		rd.readAccounts, rd.readTables, rd.readWaiting, rd.readWorkers, rd.readExpired,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return rd.s, nil
}

// A snapshotReader fills a new scheduler from a snapshot, and checks it on the way.
type snapshotReader struct {
	s    *Scheduler
	p    *protos.Scheduler
	sets []*labelSet // the label sets by number, with a reference each
}

// release gives the references to label sets back.
func (rd *snapshotReader) release() {
	for _, set := range rd.sets {
		rd.s.labels.release(set)
	}
}

func (rd *snapshotReader) readAccounts() error {
	last := ""
	for i, a := range rd.p.GetAccounts() {
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
	}
	return nil
}

// readTables reads the account ids, labels and label sets.
func (rd *snapshotReader) readTables() error {
	last := ""
	for i, id := range rd.p.GetAccountIds() {
		if err := readID(snapshotPlace{list: "account_ids", index: i}, id, &last); err != nil {
			return err
		}
	}
	labels := rd.p.GetLabels()
	for i, name := range labels {
		where := snapshotPlace{list: "labels", index: i}
		if err := checkTexts("label", labels[i:i+1]); err != nil {
			return bad(where, "%v", err)
		}
		if i > 0 && labels[i-1] >= name {
			return bad(where, "%q is not in order, or there twice", name)
		}
	}
	rd.sets = []*labelSet{rd.s.labels.intern(nil)}
	var before []uint32
	for i, set := range rd.p.GetLabelSets() {
		where := snapshotPlace{list: "label_sets", index: i}
		ids := set.GetLabelIds()
		if len(ids) == 0 {
			return bad(where, "empty")
		}
		if i > 0 && slices.Compare(before, ids) >= 0 {
			return bad(where, "not in order, or there twice")
		}
		names := make([]string, len(ids))
		for j, id := range ids {
			if int64(id) >= int64(len(labels)) {
				return bad(where.and(".label_ids"), "unknown label id %d", id)
			}
			if j > 0 && ids[j-1] >= id {
				return bad(where.and(".label_ids"), "label id %d is not in order, or there twice", id)
			}
			names[j] = labels[id]
		}
		before = ids
		rd.sets = append(rd.sets, rd.s.labels.intern(names))
	}
	return nil
}

func (rd *snapshotReader) readWaiting() error {
	last := ""
	for i, p := range rd.p.GetWaitingRequests() {
		where := snapshotPlace{list: "waiting_requests", index: i}
		if p.GetId() <= last && i > 0 {
			return bad(where.and(".id"), "%q is not in order, or there twice", p.GetId())
		}
		last = p.GetId()
		r, err := rd.readRequest(where, p)
		if err != nil {
			return err
		}
		rd.s.wait(r)
	}
	return nil
}

// readRequest makes a request that neither waits nor is on a worker.
func (rd *snapshotReader) readRequest(where snapshotPlace, p *protos.Request) (*request, error) {
	if err := checkID("request", p.GetId()); err != nil {
		return nil, bad(where.and(".id"), "%v", err)
	}
	if other, ok := rd.s.requests[RequestID(p.GetId())]; ok {
		return nil, bad(where.and(".id"), "request %q is in two places, here and in %s", p.GetId(),
			rd.placeOf(other))
	}
	c, err := rd.readContent(where.and(".content"), p.GetContent())
	if err != nil {
		return nil, err
	}
	confirmed, err := readTime(where.and(".confirmed_time"), p.GetConfirmedTime())
	if err != nil {
		return nil, err
	}
	base, prov := rd.sets[c.base], rd.sets[c.prov]
	base.refs++
	prov.refs++
	r := &request{id: RequestID(p.GetId()), confirmed: confirmed, blocked: p.GetBlocked(),
		lane: rd.s.laneFor(c.account, base, prov), enqueued: c.enqueued, tags: c.tags}
	rd.s.requests[r.id] = r
	return r, nil
}

// placeOf returns where a request stands that was read before.
func (rd *snapshotReader) placeOf(r *request) snapshotPlace {
	for i, p := range rd.p.GetWaitingRequests() {
		if p.GetId() == string(r.id) {
			return snapshotPlace{list: "waiting_requests", index: i}
		}
	}
	for i, p := range rd.p.GetWorkers() {
		if p.GetRun().GetRequest().GetId() == string(r.id) {
			return snapshotPlace{list: "workers", index: i, field: ".run.request"}
		}
	}
	return snapshotPlace{}
}

// numbered is a content with label sets by number.
type numbered struct {
	account    AccountID
	base, prov uint32
	enqueued   instant
	tags       []string
}

// named returns the content with names.
func (rd *snapshotReader) named(c *numbered) *content {
	return &content{c.account, rd.s.labels.names(rd.sets[c.base]),
		rd.s.labels.names(rd.sets[c.prov]), c.enqueued, c.tags}
}

func (rd *snapshotReader) readContent(where snapshotPlace, p *protos.RequestContent) (*numbered,
	error) {
	if p == nil {
		return nil, bad(where, "missing")
	}
	var account AccountID
	if n := p.GetAccount(); n > 0 {
		ids := rd.p.GetAccountIds()
		if int64(n) > int64(len(ids)) {
			return nil, bad(where.and(".account"), "unknown account number %d", n)
		}
		account = AccountID(ids[n-1])
	}
	if err := rd.checkSet(where.and(".base_label_set"), p.GetBaseLabelSet()); err != nil {
		return nil, err
	}
	err := rd.checkSet(where.and(".provisionable_label_set"), p.GetProvisionableLabelSet())
	if err != nil {
		return nil, err
	}
	enqueued, err := readTime(where.and(".enqueue_time"), p.GetEnqueueTime())
	if err != nil {
		return nil, err
	}
	if err := checkTexts("tag", p.GetTags()); err != nil {
		return nil, bad(where.and(".tags"), "%v", err)
	}
	return &numbered{account, p.GetBaseLabelSet(), p.GetProvisionableLabelSet(), enqueued,
		copyTags(p.GetTags())}, nil
}

func (rd *snapshotReader) checkSet(where snapshotPlace, n uint32) error {
	if int64(n) >= int64(len(rd.sets)) {
		return bad(where, "unknown label set number %d", n)
	}
	return nil
}

func (rd *snapshotReader) readWorkers() error {
	last := ""
	for i, p := range rd.p.GetWorkers() {
		where := snapshotPlace{list: "workers", index: i}
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
			rd.s.idleYes(w, true)
			continue
		}
		if err := rd.readRun(where.and(".run"), p.GetRun(), w); err != nil {
			return err
		}
	}
	return nil
}

func (rd *snapshotReader) readRun(where snapshotPlace, p *protos.Run, w *worker) error {
	if p.GetRequest() == nil {
		return bad(where.and(".request"), "missing")
	}
	req, err := rd.readRequest(where.and(".request"), p.GetRequest())
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
		r.next = rd.named(next)
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
	if rd.s.now.before(since) {
		return bad(where.and(".paid_since"), "after last_update_time")
	}
	r.since = since.millis()
	if r.start, err = readTime(where.and(".start_time"), p.GetStartTime()); err != nil {
		return err
	}
	if rd.s.now.before(r.start) {
		return bad(where.and(".start_time"), "after last_update_time")
	}
	return nil
}

func (rd *snapshotReader) readExpired() error {
	last := ""
	for i, id := range rd.p.GetExpiredRequests() {
		if err := readID(snapshotPlace{list: "expired_requests", index: i}, id, &last); err != nil {
			return err
		}
		rd.s.expired[RequestID(id)] = true
	}
	return nil
}

// readID checks an id that must come after the last one, and makes it the last one.
func readID(where snapshotPlace, id string, last *string) error {
	if id == "" {
		return bad(where, "empty id")
	}
	if !utf8.ValidString(id) {
		return bad(where, "id %q is not UTF-8", id)
	}
	if id <= *last {
		return bad(where, "%q is not in order, or there twice", id)
	}
	*last = id
	return nil
}

func readTime(where snapshotPlace, t *timestamppb.Timestamp) (instant, error) {
	switch {
	case t == nil:
		return instant{}, bad(where, "missing")
	case t.GetNanos() < 0 || t.GetNanos() > 999_999_999:
		return instant{}, bad(where, "nanos %d is not from 0 to 999999999", t.GetNanos())
	case !validTime(t.AsTime()):
		return instant{}, bad(where, "%v is not in the years 1970 to 9999", t.AsTime())
	}
	return instant{t.GetSeconds(), t.GetNanos()}, nil
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
