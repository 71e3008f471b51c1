package state

import (
	"bufio"
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
	// madeMax is how many sections are made before they are written: enough for the making of a
	// pool's, which is one, to have company.
	madeMax = 64
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
	// written, if not nil, is told of the section when it is written, in a snapshot with all entries
	// up to an index, and keeps the bytes.
	written func(bytes []byte, index uint64)
}

// Write writes a snapshot: a series of sections, each of which is its length in 8 bytes,
// big-endian, its bytes, and their SHA-256. The first is a Header, which names the others. The same
// state gives the same bytes. It costs O(n log n) in what is stored, and the memory of the largest
// section, which is a pool without what only the dispatcher knows of its tasks, and of the sections
// that are made side by side with it. A recorder is told that journals can begin anew here. The
// rolling hash must have all entries.
func (m *Machine) Write(w io.Writer) error {
	if m.Rolled() != m.index {
		return fmt.Errorf("write a snapshot: the rolling hash has entries up to %d, of %d", m.Rolled(),
			m.index)
	}
	out := bufio.NewWriterSize(w, 1<<20)
	sections := m.sections()
	header := &replica.Header{FormatVersion: formatVersion, RuleVersion: m.rules, Index: m.index,
		Time: timestamppb.New(m.now), RollingHash: m.chain.hash[:], RestoredIndex: m.restored}
	for _, s := range sections {
		header.Sections = append(header.Sections, &replica.SectionName{Kind: s.kind, Pool: s.pool})
	}
	first := section{append: appendMessage(func() proto.Message { return header })}
	made := make([]madeSection, madeMax)
	for some := range slices.Chunk(append([]section{first}, sections...), madeMax) {
		m.sideBySide(len(some), func(i int) { made[i] = some[i].make(made[i].bytes[:0]) })
		for i, s := range some {
			if err := made[i].write(out); err != nil {
				return fmt.Errorf("write a snapshot: %w", err)
			}
			if s.written != nil {
				s.written(made[i].bytes, m.index)
				made[i].bytes = nil
			}
		}
	}
	return out.Flush()
}

// A madeSection is a section's bytes and their SHA-256, or why there are none.
type madeSection struct {
	bytes []byte
	sum   [sha256.Size]byte
	err   error
}

// make makes a section, in memory that is free.
func (s section) make(memory []byte) madeSection {
	bytes, err := s.append(memory)
	return madeSection{bytes, sha256.Sum256(bytes), err}
}

func (s madeSection) write(w io.Writer) error {
	if s.err != nil {
		return s.err
	}
	for _, part := range [][]byte{
		binary.BigEndian.AppendUint64(nil, uint64(len(s.bytes))), s.bytes, s.sum[:]} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// appendMessage appends the bytes of a message that is made when they are asked for.
func appendMessage(build func() proto.Message) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) { return deterministic.MarshalAppend(b, build()) }
}

// sections returns all sections but the header, in order.
func (m *Machine) sections() (all []section) {
	for chunk := range slices.Chunk(m.results.queue, resultsPerSection) {
		all = append(all, section{kind: resultsSection,
			append: appendMessage(func() proto.Message { return resultsToProto(chunk) })})
	}
	for _, p := range m.sortedPools() {
		all = append(all, p.sections()...)
	}
	return all
}

// sections returns the sections of a pool.
func (p *hosted) sections() []section {
	of := func(kind replica.SectionName_Kind, build func() proto.Message) section {
		return section{kind: kind, pool: p.name, append: appendMessage(build)}
	}
	all := []section{of(headSection, p.headToProto)}
	if !p.failed() {
		s := section{kind: poolSection, pool: p.name, append: func(b []byte) ([]byte, error) {
			return p.pool.AppendSnapshot(b), nil
		}}
		if p.recorder != (nobody{}) {
			s.written = func(bytes []byte, index uint64) { p.recorder.Begin(p.name, index, bytes) }
		}
		all = append(all, s)
	}
	for chunk := range slices.Chunk(slices.Collect(p.byID.All()), tasksPerSection) {
		all = append(all, section{kind: tasksSection, pool: p.name,
			append: func(b []byte) ([]byte, error) { return appendTasks(b, chunk) }})
	}
	if len(p.workers) > 0 {
		all = append(all, of(workersSection, p.workersToProto))
	}
	all = append(all, of(usageSection, p.usage.toProto))
	if p.external && !p.failed() {
		all = append(all, of(externalSection, p.externalToProto))
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
