package scheduler

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos"
)

// ToProto returns the canonical snapshot: the same state gives the same bytes under deterministic
// marshalling, and nothing in it aliases state. It costs O(n log n).
func (s *Scheduler) ToProto() *protos.Scheduler {
	w := newSnapshotWriter(s)
	defer w.release()
	p := &protos.Scheduler{
		LastUpdateTime: timestamp(s.now),
		Config:         configToProto(s.config),
		AccountIds:     w.accounts,
		Labels:         w.labels,
		LabelSets:      w.sets,
	}
	for _, a := range s.existing {
		p.Accounts = append(p.Accounts, &protos.Account{
			Id:      string(a.id),
			Config:  AccountConfigToProto(a.config),
			Balance: a.balance.units(),
		})
	}
	for _, id := range sortedKeys(s.requests) {
		if r := s.requests[id]; r.worker == nil {
			p.WaitingRequests = append(p.WaitingRequests, w.request(r))
		}
	}
	for _, id := range sortedKeys(s.workers) {
		p.Workers = append(p.Workers, w.worker(s.workers[id]))
	}
	for _, id := range sortedKeys(s.expired) {
		p.ExpiredRequests = append(p.ExpiredRequests, string(id))
	}
	return p
}

// Hash returns the SHA-256 of the canonical snapshot's bytes. It costs as much as ToProto.
func (s *Scheduler) Hash() [32]byte {
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(s.ToProto())
	if err != nil {
		panic("invariant: a snapshot can be marshalled: " + err.Error())
	}
	return sha256.Sum256(bytes)
}

// A snapshotWriter numbers what a snapshot refers to by number.
type snapshotWriter struct {
	s        *Scheduler
	accounts []string
	labels   []string
	sets     []*protos.LabelSet

	account map[AccountID]uint32
	set     map[*labelSet]uint32
	// next has the label sets of contents that are kept for later. It holds references, which
	// writing gives back.
	next map[*content][2]*labelSet
}

func newSnapshotWriter(s *Scheduler) *snapshotWriter {
	w := &snapshotWriter{
		s:       s,
		account: map[AccountID]uint32{"": 0},
		set:     map[*labelSet]uint32{s.labels.empty: 0},
	}
	names := map[AccountID]bool{}
	for id, a := range s.accounts { // the order is free: it is sorted next
		if id != "" && len(a.lanes) > 0 {
			names[id] = true
		}
	}
	sets := map[*labelSet]bool{}
	for key := range s.index.needs { // likewise
		sets[key.base], sets[key.prov] = true, true
	}
	for _, k := range s.index.slots {
		if k != nil {
			sets[k.set] = true
		}
	}
	w.addNext(names, sets)
	for i, id := range sortedKeys(names) {
		w.accounts = append(w.accounts, string(id))
		w.account[id] = uint32(i + 1)
	}
	delete(sets, s.labels.empty)
	w.numberSets(sets)
	return w
}

// addNext adds the accounts and label sets of contents that are kept for later.
func (w *snapshotWriter) addNext(names map[AccountID]bool, sets map[*labelSet]bool) {
	w.next = map[*content][2]*labelSet{}
	for _, v := range w.s.workers { // the order is free: it is sorted later
		if v.run == nil || v.run.next == nil {
			continue
		}
		c := v.run.next
		if c.account != "" {
			names[c.account] = true
		}
		pair := [2]*labelSet{w.s.labels.intern(c.base), w.s.labels.intern(c.prov)}
		w.next[c] = pair
		sets[pair[0]], sets[pair[1]] = true, true
	}
}

// release gives back what addNext took.
func (w *snapshotWriter) release() {
	for _, pair := range w.next { // the order is free: references are only counted
		w.s.labels.release(pair[0])
		w.s.labels.release(pair[1])
	}
}

// numberSets numbers labels in the order of their names, and sets in the order of their numbers.
func (w *snapshotWriter) numberSets(sets map[*labelSet]bool) {
	table := w.s.labels
	used := map[uint32]bool{}
	for set := range sets { // the order is free: it is sorted next
		for _, id := range set.ids {
			used[id] = true
		}
	}
	ids := make([]uint32, 0, len(used))
	for id := range used { // likewise
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uint32) int {
		return cmp.Compare(table.byID[a].name, table.byID[b].name)
	})
	number := make([]uint32, len(table.byID))
	for i, id := range ids {
		w.labels = append(w.labels, table.byID[id].name)
		number[id] = uint32(i)
	}
	type numbered struct {
		set *labelSet
		ids []uint32
	}
	list := make([]numbered, 0, len(sets))
	for set := range sets { // likewise
		n := numbered{set, make([]uint32, len(set.ids))}
		for i, id := range set.ids {
			n.ids[i] = number[id]
		}
		slices.Sort(n.ids)
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b numbered) int { return slices.Compare(a.ids, b.ids) })
	for i, n := range list {
		w.sets = append(w.sets, &protos.LabelSet{LabelIds: n.ids})
		w.set[n.set] = uint32(i + 1)
	}
}

func (w *snapshotWriter) request(r *request) *protos.Request {
	n := r.lane.need
	return &protos.Request{
		Id: string(r.id),
		Content: &protos.RequestContent{
			Account:               w.account[r.lane.account.id],
			BaseLabelSet:          w.set[n.base],
			ProvisionableLabelSet: w.set[n.prov],
			EnqueueTime:           timestamp(r.enqueued),
			Tags:                  slices.Clone(r.tags),
		},
		ConfirmedTime: timestamp(r.confirmed),
		Blocked:       r.blocked,
	}
}

func (w *snapshotWriter) worker(v *worker) *protos.Worker {
	p := &protos.Worker{
		Id:            string(v.id),
		LabelSet:      w.set[v.kind.set],
		ConfirmedTime: timestamp(v.confirmed),
	}
	if v.run == nil {
		p.IdleSince = timestamp(v.idleSince)
		return p
	}
	r := v.run
	p.Run = &protos.Run{
		Request:        w.request(r.req),
		Priority:       int32(r.level),
		Cost:           r.cost.units(),
		PaidSince:      timestamp(instantOf(time.UnixMilli(r.since))),
		PreemptionCost: Balance{}.units(),
		StartTime:      timestamp(r.start),
		Stage:          protos.Stage(r.stage),
	}
	if r.paid != nil {
		p.Run.PreemptionCost = r.paid.units()
	}
	if c := r.next; c != nil {
		p.Run.NextContent = &protos.RequestContent{
			Account:               w.account[c.account],
			BaseLabelSet:          w.set[w.next[c][0]],
			ProvisionableLabelSet: w.set[w.next[c][1]],
			EnqueueTime:           timestamp(c.enqueued),
			Tags:                  slices.Clone(c.tags),
		}
	}
	return p
}
