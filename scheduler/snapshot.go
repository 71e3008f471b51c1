package scheduler

import (
	"cmp"
	"slices"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
)

// ToProto returns the canonical snapshot: the same state gives the same bytes under deterministic
// marshalling, and nothing in it aliases state. It costs O(n log n). AppendSnapshot gives the bytes
// without the messages, in half the time.
func (s *Scheduler) ToProto() *protos.Scheduler {
	s.checkMade()
	w := newSnapshotWriter(s)
	p := w.tables()
	waiting := w.waiting()
	p.WaitingRequests = make([]*protos.Request, 0, len(waiting))
	for r := range byID(waiting) {
		p.WaitingRequests = append(p.WaitingRequests, w.request(r.request, r.numbers))
	}
	p.Workers = make([]*protos.Worker, 0, len(s.workers))
	for v := range itemsByID(s.workers) {
		p.Workers = append(p.Workers, w.worker(v))
	}
	w.addRest(p)
	return p
}

// tables returns the part of a snapshot that stands before requests and workers.
func (w *snapshotWriter) tables() *protos.Scheduler {
	s := w.s
	p := &protos.Scheduler{
		LastUpdateTime: timestamp(s.now),
		Config:         ConfigToProto(s.config),
		AccountIds:     w.accounts,
		Labels:         w.labels,
		LabelSets:      w.sets,
	}
	for a := range s.existing.All() {
		p.Accounts = append(p.Accounts, accountMessage(a))
	}
	return p
}

func accountMessage(a *account) *protos.Account {
	p := &protos.Account{
		Id:      string(a.id),
		Config:  AccountConfigToProto(a.config),
		Balance: a.balance.units(),
	}
	if a.suspended {
		p.Suspension = &protos.Suspension{Reason: a.reason}
	}
	ended := slices.Clone(a.ended)
	slices.SortFunc(ended, func(r, q endedRun) int {
		return cmp.Or(cmp.Compare(r.level, q.level), cmp.Compare(r.end, q.end))
	})
	for _, r := range ended {
		p.EndedRuns = append(p.EndedRuns, &protos.EndedRun{
			Priority: int32(r.level), EndTime: timestamp(instantOfMillis(r.end))})
	}
	return p
}

// addRest adds the part of a snapshot that stands behind requests and workers.
func (w *snapshotWriter) addRest(p *protos.Scheduler) {
	s := w.s
	for _, id := range sortedKeys(s.expired) {
		p.ExpiredRequests = append(p.ExpiredRequests, string(id))
		p.ExpiredEnqueueTimes = append(p.ExpiredEnqueueTimes, timestamp(s.expired[id]))
	}
	p.RuleVersion = RuleVersion
	p.CallTime = timestamp(s.called)
	for _, id := range sortedKeys(s.cordons) {
		p.Cordons = append(p.Cordons, &protos.Cordon{WorkerId: string(id), Reason: s.cordons[id]})
	}
}

// millisProto returns a number of milliseconds that is not negative, unset for zero.
func millisProto(n int64) *durationpb.Duration {
	if n == 0 {
		return nil
	}
	return &durationpb.Duration{Seconds: n / 1000, Nanos: int32(n%1000) * 1_000_000}
}

// A snapshotWriter numbers what a snapshot refers to by number. It only reads the scheduler.
type snapshotWriter struct {
	s        *Scheduler
	accounts []string
	labels   []string
	sets     []*protos.LabelSet

	account map[AccountID]uint32
	set     map[*labelSet]uint32

	spare []requestMessage // messages to use
}

// laneNumbers are what a snapshot says of the requests of a lane.
type laneNumbers struct{ account, base, prov uint32 }

func (w *snapshotWriter) laneNumbers(l *lane) laneNumbers {
	return laneNumbers{w.account[l.account.id], w.set[l.demand.base], w.set[l.demand.prov]}
}

// A waitingRequest is a request that waits, with the numbers of its lane.
type waitingRequest struct {
	request *request
	numbers laneNumbers
}

// waiting returns the requests that wait, in any order.
func (w *snapshotWriter) waiting() []named[waitingRequest] {
	list := make([]named[waitingRequest], 0, len(w.s.requests))
	add := func(r *request, numbers laneNumbers) {
		list = append(list, named[waitingRequest]{string(r.id), waitingRequest{r, numbers}})
	}
	runs := 0
	for _, a := range w.s.accounts { // the order is free
		for _, n := range a.running {
			runs += n
		}
		for _, l := range a.lanes {
			numbers := w.laneNumbers(l)
			for r := range l.all() {
				add(r, numbers)
			}
		}
	}
	if len(list)+runs < len(w.s.requests) { // some are blocked, which no lane has in its queue
		for _, r := range w.s.requests {
			if r.blocked() && r.worker == nil {
				add(r, w.laneNumbers(r.lane))
			}
		}
	}
	return list
}

func newSnapshotWriter(s *Scheduler) *snapshotWriter {
	w := &snapshotWriter{
		s:       s,
		account: map[AccountID]uint32{"": 0},
		set:     map[*labelSet]uint32{s.labels.empty: 0},
	}
	next := w.nextContents()
	names := map[AccountID]bool{}
	for id, a := range s.accounts { // the order is free: it is sorted below
		if len(a.lanes) > 0 {
			names[id] = true
		}
	}
	for _, c := range next {
		names[c.account] = true
	}
	delete(names, "")
	for i, id := range sortedKeys(names) {
		w.accounts = append(w.accounts, string(id))
		w.account[id] = uint32(i + 1)
	}
	w.numberLabels(next)
	w.numberSets(next)
	return w
}

// nextContents returns the contents that are kept for when a task waits again.
func (w *snapshotWriter) nextContents() []*content {
	var next []*content
	for _, v := range w.s.workers { // the order is free: it is sorted later
		if v.run != nil && v.run.next != nil {
			next = append(next, v.run.next)
		}
	}
	return next
}

// numberLabels numbers labels in the order of their names. All interned labels are in use.
func (w *snapshotWriter) numberLabels(next []*content) {
	w.labels = sortedKeys(w.s.labels.byName)
	for _, c := range next {
		w.labels = append(append(w.labels, c.base...), c.prov...)
	}
	if len(next) > 0 {
		slices.Sort(w.labels)
		w.labels = slices.Compact(w.labels)
	}
}

// numberSets numbers label sets in the order of their labels' numbers.
func (w *snapshotWriter) numberSets(next []*content) {
	number := make([]uint32, len(w.s.labels.byID)) // by interned id
	for _, l := range w.s.labels.byName {          // the order is free: each is on its own
		number[l.id] = w.labelNumber(l.name)
	}
	type numbered struct {
		set *labelSet
		ids []uint32
	}
	var list []numbered
	add := func(set *labelSet) {
		if _, ok := w.set[set]; ok {
			return
		}
		w.set[set] = 0
		ids := make([]uint32, len(set.ids))
		for i, id := range set.ids {
			ids[i] = number[id]
		}
		slices.Sort(ids)
		list = append(list, numbered{set, ids})
	}
	for demand := range w.s.index.allDemands() { // the order is free: it is sorted below
		add(demand.base)
		add(demand.prov)
	}
	for _, class := range w.s.index.slots {
		if class != nil {
			add(class.set)
		}
	}
	for _, c := range next {
		list = append(list, numbered{nil, w.labelNumbers(c.base)}, numbered{nil, w.labelNumbers(c.prov)})
	}
	slices.SortFunc(list, func(a, b numbered) int { return slices.Compare(a.ids, b.ids) })
	for _, n := range list {
		if len(n.ids) == 0 {
			continue
		}
		if last := len(w.sets) - 1; last < 0 || !slices.Equal(w.sets[last].LabelIds, n.ids) {
			w.sets = append(w.sets, &protos.LabelSet{LabelIds: n.ids})
		}
		if n.set != nil {
			w.set[n.set] = uint32(len(w.sets))
		}
	}
}

func (w *snapshotWriter) labelNumber(name string) uint32 {
	i, _ := slices.BinarySearch(w.labels, name)
	return uint32(i)
}

func (w *snapshotWriter) labelNumbers(names []string) []uint32 {
	ids := make([]uint32, len(names))
	for i, name := range names { // sorted by name, and so by number
		ids[i] = w.labelNumber(name)
	}
	return ids
}

// setNumber returns the number of a set that is not interned.
func (w *snapshotWriter) setNumber(names []string) uint32 {
	if len(names) == 0 {
		return 0
	}
	i, _ := slices.BinarySearchFunc(w.sets, w.labelNumbers(names),
		func(s *protos.LabelSet, ids []uint32) int { return slices.Compare(s.LabelIds, ids) })
	return uint32(i + 1)
}

// A requestMessage is a request's message with all its parts: one piece of memory, as there may be
// a million of them.
type requestMessage struct {
	request   protos.Request
	confirmed timestamppb.Timestamp
	lost      durationpb.Duration // of requests that are read
	contentMessage
}

// A contentMessage is a content's message with its part.
type contentMessage struct {
	content  protos.RequestContent
	enqueued timestamppb.Timestamp
}

// messagesAtOnce is for how many messages memory is taken at once.
const messagesAtOnce = 128

func (w *snapshotWriter) request(r *request, numbers laneNumbers) *protos.Request {
	if len(w.spare) == 0 {
		w.spare = make([]requestMessage, messagesAtOnce)
	}
	m := &w.spare[0]
	w.spare = w.spare[1:]
	m.enqueued.Seconds, m.enqueued.Nanos = r.enqueued.sec(), r.enqueued.nsec
	m.confirmed.Seconds, m.confirmed.Nanos = r.confirmed.sec(), r.confirmed.nsec
	m.content.Account = numbers.account
	m.content.BaseLabelSet = numbers.base
	m.content.ProvisionableLabelSet = numbers.prov
	m.content.EnqueueTime = &m.enqueued
	m.content.Tags = slices.Clone(r.tags())
	m.request.Id = string(r.id)
	m.request.Content = &m.content
	m.request.ConfirmedTime = &m.confirmed
	m.request.Blocked = r.blocked()
	m.request.LostWork = millisProto(r.lost())
	return &m.request
}

func (w *snapshotWriter) worker(v *worker) *protos.Worker {
	p := &protos.Worker{
		Id:            string(v.id),
		LabelSet:      w.set[v.class.set],
		ConfirmedTime: timestamp(v.confirmed),
	}
	if v.run == nil {
		p.IdleSince = timestamp(v.idleSince)
		return p
	}
	r := v.run
	p.Run = &protos.Run{
		Request:        w.request(r.req, w.laneNumbers(r.req.lane)),
		Priority:       int32(r.level),
		Cost:           r.cost.units(),
		PaidSince:      timestamp(instantOfMillis(r.since)),
		PreemptionCost: Balance{}.units(),
		StartTime:      timestamp(r.start),
		Stage:          protos.Stage(r.stage),
	}
	if r.paid != nil {
		p.Run.PreemptionCost = r.paid.units()
	}
	if r.stage != Held {
		p.Run.HandOutTime = timestamp(instantOfMillis(r.handedOut))
	}
	if r.saved > 0 {
		p.Run.SavedTime = timestamp(instantOfMillis(r.saved))
	}
	if c := r.next; c != nil {
		numbers := w.contentNumbers(c)
		p.Run.NextContent = &protos.RequestContent{
			Account:               numbers.account,
			BaseLabelSet:          numbers.base,
			ProvisionableLabelSet: numbers.prov,
			EnqueueTime:           timestamp(c.enqueued),
			Tags:                  slices.Clone(c.tags),
		}
	}
	return p
}

func (w *snapshotWriter) contentNumbers(c *content) laneNumbers {
	return laneNumbers{w.account[c.account], w.setNumber(c.base), w.setNumber(c.prov)}
}
