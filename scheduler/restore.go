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
	now, err := readTime("last_update_time", p.GetLastUpdateTime())
	if err != nil {
		return nil, err
	}
	config, err := configFromProto(p.GetConfig())
	if err != nil {
		return nil, err
	}
	rd := &snapshotReader{s: newScheduler(now.time(), config), p: p, seen: map[string]string{}}
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
	sets [][]string        // the label sets by number
	seen map[string]string // request ids, with the field that has them
}

// bad returns an error about a field.
func bad(field, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrInvalidSnapshot, field, fmt.Sprintf(format, args...))
}

func (rd *snapshotReader) readAccounts() error {
	last := ""
	for i, a := range rd.p.GetAccounts() {
		field := fmt.Sprintf("accounts[%d]", i)
		if err := readID(field+".id", a.GetId(), &last); err != nil {
			return err
		}
		c, err := AccountConfigFromProto(a.GetConfig())
		if err != nil {
			return bad(field+".config", "%v", err)
		}
		b, err := readBalance(field+".balance", a.GetBalance(), -maxQuota, maxQuota)
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
		if err := readID(fmt.Sprintf("account_ids[%d]", i), id, &last); err != nil {
			return err
		}
	}
	labels := rd.p.GetLabels()
	for i, name := range labels {
		field := fmt.Sprintf("labels[%d]", i)
		if err := checkTexts("label", labels[i:i+1]); err != nil {
			return bad(field, "%v", err)
		}
		if i > 0 && labels[i-1] >= name {
			return bad(field, "%q is not in order, or there twice", name)
		}
	}
	rd.sets = [][]string{nil}
	var before []uint32
	for i, set := range rd.p.GetLabelSets() {
		field := fmt.Sprintf("label_sets[%d]", i)
		ids := set.GetLabelIds()
		if len(ids) == 0 {
			return bad(field, "empty")
		}
		if i > 0 && slices.Compare(before, ids) >= 0 {
			return bad(field, "not in order, or there twice")
		}
		names := make([]string, len(ids))
		for j, id := range ids {
			if int64(id) >= int64(len(labels)) {
				return bad(field+".label_ids", "unknown label id %d", id)
			}
			if j > 0 && ids[j-1] >= id {
				return bad(field+".label_ids", "label id %d is not in order, or there twice", id)
			}
			names[j] = labels[id]
		}
		before = ids
		rd.sets = append(rd.sets, names)
	}
	return nil
}

func (rd *snapshotReader) readWaiting() error {
	last := ""
	for i, p := range rd.p.GetWaitingRequests() {
		field := fmt.Sprintf("waiting_requests[%d]", i)
		if p.GetId() <= last && i > 0 {
			return bad(field+".id", "%q is not in order, or there twice", p.GetId())
		}
		last = p.GetId()
		r, err := rd.readRequest(field, p)
		if err != nil {
			return err
		}
		rd.s.wait(r)
	}
	return nil
}

// readRequest makes a request that neither waits nor is on a worker.
func (rd *snapshotReader) readRequest(field string, p *protos.Request) (*request, error) {
	if err := checkID("request", p.GetId()); err != nil {
		return nil, bad(field+".id", "%v", err)
	}
	if other, ok := rd.seen[p.GetId()]; ok {
		return nil, bad(field+".id", "request %q is in two places, here and in %s", p.GetId(), other)
	}
	c, err := rd.readContent(field+".content", p.GetContent())
	if err != nil {
		return nil, err
	}
	confirmed, err := readTime(field+".confirmed_time", p.GetConfirmedTime())
	if err != nil {
		return nil, err
	}
	rd.seen[p.GetId()] = field
	r := &request{id: RequestID(p.GetId()), confirmed: confirmed, blocked: p.GetBlocked()}
	rd.s.requests[r.id] = r
	rd.s.setContent(r, c)
	return r, nil
}

func (rd *snapshotReader) readContent(field string, p *protos.RequestContent) (*content, error) {
	if p == nil {
		return nil, bad(field, "missing")
	}
	var account AccountID
	if n := p.GetAccount(); n > 0 {
		ids := rd.p.GetAccountIds()
		if int64(n) > int64(len(ids)) {
			return nil, bad(field+".account", "unknown account number %d", n)
		}
		account = AccountID(ids[n-1])
	}
	base, err := rd.readSet(field+".base_label_set", p.GetBaseLabelSet())
	if err != nil {
		return nil, err
	}
	prov, err := rd.readSet(field+".provisionable_label_set", p.GetProvisionableLabelSet())
	if err != nil {
		return nil, err
	}
	enqueued, err := readTime(field+".enqueue_time", p.GetEnqueueTime())
	if err != nil {
		return nil, err
	}
	if err := checkTexts("tag", p.GetTags()); err != nil {
		return nil, bad(field+".tags", "%v", err)
	}
	return &content{account, base, prov, enqueued, copyTags(p.GetTags())}, nil
}

func (rd *snapshotReader) readSet(field string, n uint32) ([]string, error) {
	if int64(n) >= int64(len(rd.sets)) {
		return nil, bad(field, "unknown label set number %d", n)
	}
	return rd.sets[n], nil
}

func (rd *snapshotReader) readWorkers() error {
	last := ""
	for i, p := range rd.p.GetWorkers() {
		field := fmt.Sprintf("workers[%d]", i)
		if err := readID(field+".id", p.GetId(), &last); err != nil {
			return err
		}
		labels, err := rd.readSet(field+".label_set", p.GetLabelSet())
		if err != nil {
			return err
		}
		confirmed, err := readTime(field+".confirmed_time", p.GetConfirmedTime())
		if err != nil {
			return err
		}
		if p.GetRun() != nil && p.GetIdleSince() != nil {
			return bad(field+".idle_since", "set for a worker that has a run")
		}
		w := rd.s.addWorker(WorkerID(p.GetId()), rd.s.labels.intern(labels))
		w.confirmed = confirmed
		if p.GetRun() == nil {
			if w.idleSince, err = readTime(field+".idle_since", p.GetIdleSince()); err != nil {
				return err
			}
			rd.s.idleYes(w, true)
			continue
		}
		if err := rd.readRun(field+".run", p.GetRun(), w); err != nil {
			return err
		}
	}
	return nil
}

func (rd *snapshotReader) readRun(field string, p *protos.Run, w *worker) error {
	if p.GetRequest() == nil {
		return bad(field+".request", "missing")
	}
	req, err := rd.readRequest(field+".request", p.GetRequest())
	if err != nil {
		return err
	}
	r := &run{req: req, worker: w, level: Priority(p.GetPriority()), stage: Stage(p.GetStage())}
	if r.level < 0 || r.level > FreeBucket {
		return bad(field+".priority", "%d is not from 0 to 5", p.GetPriority())
	}
	if r.stage < Held || r.stage > Running {
		return bad(field+".stage", "%d is not a stage", p.GetStage())
	}
	if r.cost, err = readBalance(field+".cost", p.GetCost(), 0, maxInitialQuota); err != nil {
		return err
	}
	paid, err := readBalance(field+".preemption_cost", p.GetPreemptionCost(), 0, maxInitialQuota)
	if err != nil {
		return err
	}
	for q := range paid {
		if paid[q] > r.cost[q] {
			return bad(field+".preemption_cost", "%d at p%d is above the cost", int64(paid[q]), q)
		}
	}
	if paid != (Balance{}) {
		r.paid = &paid
	}
	if a := r.account(); !a.exists() && (r.level != FreeBucket || r.cost != Balance{}) {
		return bad(field, "a task without a known account is not free of cost and level")
	}
	if err := rd.readRunTimes(field, p, r); err != nil {
		return err
	}
	if p.GetNextContent() != nil {
		if r.next, err = rd.readContent(field+".next_content", p.GetNextContent()); err != nil {
			return err
		}
		if rd.s.hasContent(req, r.next) {
			return bad(field+".next_content", "the same as the content")
		}
	}
	rd.s.enlist(r)
	return nil
}

func (rd *snapshotReader) readRunTimes(field string, p *protos.Run, r *run) error {
	since, err := readTime(field+".paid_since", p.GetPaidSince())
	if err != nil {
		return err
	}
	if since.nsec%int32(time.Millisecond) != 0 {
		return bad(field+".paid_since", "not in whole milliseconds")
	}
	if rd.s.now.before(since) {
		return bad(field+".paid_since", "after last_update_time")
	}
	r.since = since.millis()
	if r.start, err = readTime(field+".start_time", p.GetStartTime()); err != nil {
		return err
	}
	if rd.s.now.before(r.start) {
		return bad(field+".start_time", "after last_update_time")
	}
	return nil
}

func (rd *snapshotReader) readExpired() error {
	last := ""
	for i, id := range rd.p.GetExpiredRequests() {
		if err := readID(fmt.Sprintf("expired_requests[%d]", i), id, &last); err != nil {
			return err
		}
		rd.s.expired[RequestID(id)] = true
	}
	return nil
}

// readID checks an id that must come after the last one, and makes it the last one.
func readID(field, id string, last *string) error {
	if id == "" {
		return bad(field, "empty id")
	}
	if !utf8.ValidString(id) {
		return bad(field, "id %q is not UTF-8", id)
	}
	if id <= *last {
		return bad(field, "%q is not in order, or there twice", id)
	}
	*last = id
	return nil
}

func readTime(field string, t *timestamppb.Timestamp) (instant, error) {
	switch {
	case t == nil:
		return instant{}, bad(field, "missing")
	case t.GetNanos() < 0 || t.GetNanos() > 999_999_999:
		return instant{}, bad(field, "nanos %d is not from 0 to 999999999", t.GetNanos())
	case !validTime(t.AsTime()):
		return instant{}, bad(field, "%v is not in the years 1970 to 9999", t.AsTime())
	}
	return instant{t.GetSeconds(), t.GetNanos()}, nil
}

func readBalance(field string, units []int64, least, most Quota) (Balance, error) {
	var b Balance
	if len(units) != NumPriorities {
		return b, bad(field, "%d numbers instead of %d", len(units), NumPriorities)
	}
	for p, u := range units {
		if Quota(u) < least || Quota(u) > most {
			return b, bad(field, "%d at p%d is out of range", u, p)
		}
		b[p] = Quota(u)
	}
	return b, nil
}
