package state

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

const (
	// formatVersion is the version of the snapshot's format.
	formatVersion = 1
	// tasksPerSection and resultsPerSection bound how much is made into messages at once.
	tasksPerSection   = 10_000
	resultsPerSection = 1_000
)

const (
	resultsSection  = replica.SectionName_KIND_REQUEST_RESULTS
	headSection     = replica.SectionName_KIND_POOL_HEAD
	poolSection     = replica.SectionName_KIND_POOL
	tasksSection    = replica.SectionName_KIND_TASKS
	workersSection  = replica.SectionName_KIND_WORKERS
	usageSection    = replica.SectionName_KIND_USAGE
	externalSection = replica.SectionName_KIND_EXTERNAL
)

// A section is a part of a snapshot that is still to be made.
type section struct {
	kind   replica.SectionName_Kind
	pool   string
	append func([]byte) ([]byte, error)
	// later is set if it is made when it is written, and not when the state is frozen; passed is told
	// when it is.
	later  bool
	passed func()
	// parts, if not nil, makes the bytes in parts.
	parts func() [][]byte
	// made, if not nil, is told of the bytes.
	made func(parts [][]byte)
}

// Write writes a snapshot: what Freeze and Snapshot.Write do.
func (m *Machine) Write(w io.Writer) error {
	s, err := m.Freeze()
	if err != nil {
		return err
	}
	return s.Write(w, func(f func()) { f() })
}

// writeSection writes a section: its length in 8 bytes, its bytes, and their SHA-256.
func writeSection(w io.Writer, parts ...[]byte) error {
	size, sum := 0, sha256.New()
	for _, part := range parts {
		size += len(part)
		sum.Write(part)
	}
	head := binary.BigEndian.AppendUint64(nil, uint64(size))
	for _, part := range slices.Concat([][]byte{head}, parts, [][]byte{sum.Sum(nil)}) {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("write a snapshot: %w", err)
		}
	}
	return nil
}

// appendMessage appends the bytes of a message that is made when they are asked for.
func appendMessage(build func() proto.Message) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) { return deterministic.MarshalAppend(b, build()) }
}

// sections returns all sections of a snapshot but the header, in order.
func (m *Machine) sections(s *Snapshot) (all []section) {
	for chunk := range slices.Chunk(m.results.queue, resultsPerSection) {
		all = append(all, section{kind: resultsSection,
			append: appendMessage(func() proto.Message { return resultsToProto(chunk) })})
	}
	for _, p := range m.sortedPools() {
		all = append(all, p.sections(s)...)
	}
	return all
}

// sections returns the sections of a pool.
func (p *hosted) sections(of *Snapshot) []section {
	message := func(kind replica.SectionName_Kind, build func() proto.Message) section {
		return section{kind: kind, pool: p.name, append: appendMessage(build)}
	}
	all := []section{message(headSection, p.headToProto)}
	if !p.failed() {
		s := section{kind: poolSection, pool: p.name, append: func(b []byte) ([]byte, error) {
			return p.pool.AppendSnapshot(b), nil
		}, parts: func() [][]byte { return p.pool.SnapshotParts(of.sideBySide) }}
		if p.recorder != (nobody{}) {
			s.made = func(parts [][]byte) { p.recorder.Begin(p.name, of.index, parts) }
		}
		all = append(all, s)
	}
	tasks := of.freeze(p)
	for chunk := range slices.Chunk(slices.Collect(p.byID.All()), p.sectionTasks) {
		all = append(all, section{kind: tasksSection, pool: p.name, later: true,
			append: func(b []byte) ([]byte, error) { return tasks.append(b, chunk) },
			passed: func() { tasks.pass(chunk) }})
	}
	if len(p.workers) > 0 {
		all = append(all, message(workersSection, p.workersToProto))
	}
	all = append(all, message(usageSection, p.usage.toProto))
	if p.external && !p.failed() {
		all = append(all, message(externalSection, p.externalToProto))
	}
	return all
}

func (p *hosted) headToProto() proto.Message {
	h := &replica.PoolHead{Pool: p.name, External: p.external, Settings: p.settings,
		Status: p.status, CreateTime: timestamppb.New(p.created), Time: timestamppb.New(p.now),
		LastId: p.lastID}
	for _, name := range slices.Sorted(maps.Keys(p.cordons)) {
		h.Cordons = append(h.Cordons, &replica.Cordon{Worker: name, Reason: p.cordons[name]})
	}
	return h
}

func (p *hosted) workersToProto() proto.Message {
	m := &replica.Workers{}
	for w := range p.byName.All() {
		m.Workers = append(m.Workers, w.toStored())
	}
	return m
}

func (w *worker) toStored() *replica.StoredWorker {
	r := &dispatch.Report{Worker: w.name, BootId: w.boot, InstanceId: w.instance,
		Sequence: w.sequence, Labels: w.labels, AcceptsWork: w.accepts, Refusal: w.refusal,
		Slots: int32(w.count)}
	if w.followed {
		r.Epoch = 1
	}
	for _, l := range w.reported {
		r.Leases = append(r.Leases, &dispatch.LeaseReport{LeaseId: l.id, Slot: int32(l.slot),
			Phase: l.phase})
	}
	return &replica.StoredWorker{Report: r, SilentTime: timestampOf(w.silentSince),
		Directive: w.directive, Slots: int32(len(w.slots)), EarlierBoots: w.earlierBoots,
		EarlierInstances: w.earlierInstances, EarlierSequence: w.earlierSequence}
}

func (u *usage) toProto() proto.Message {
	m := &replica.Usage{}
	for _, hour := range slices.Sorted(maps.Keys(u.hours)) {
		accounts := u.hours[hour]
		for _, id := range slices.Sorted(maps.Keys(accounts)) {
			s := accounts[id]
			m.Hours = append(m.Hours, &replica.UsageHour{Hour: hour, AccountId: id,
				UsedMs: slices.Clone(s.used[:]), LostMs: s.lost, EndedTasks: s.ended})
		}
	}
	for id, r := range u.runs { // the order is free: they are sorted next
		m.Runs = append(m.Runs, &replica.UsageRun{RequestId: id, AccountId: r.account,
			Priority: r.level, Since: timestamppb.New(r.since)})
	}
	slices.SortFunc(m.Runs, func(a, b *replica.UsageRun) int {
		return cmp.Compare(a.GetRequestId(), b.GetRequestId())
	})
	for _, id := range slices.Sorted(maps.Keys(u.lost)) {
		m.Losses = append(m.Losses, &replica.UsageLoss{AccountId: id, LostMs: u.lost[id]})
	}
	return m
}
