package state

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/replica"
)

// A Snapshot is the state as it was when it was frozen, which is written while the machine goes on.
// What the schedulers know is made into bytes at once. Tasks, which are most of a large state, are
// made section by section as they are written; one that changes before is made when it does.
type Snapshot struct {
	index      uint64
	sideBySide func(n int, f func(i int))
	sections   []section  // the header's first
	made       [][][]byte // the bytes of the sections that are made, in parts
	frozen     []*frozenTasks
}

// frozenTasks are the tasks of a pool that are still to be made.
type frozenTasks struct {
	pool *hosted
	// made is the newest task that is made, and until the newest that was there: later ones are not
	// in the snapshot.
	made, until string
	// kept are the bytes of those that have changed since.
	kept    map[*task][]byte
	message storedMessage
	wrong   error // of keep
}

// Freeze begins a snapshot of the state as it is now. Release ends it, and so does its Write. The
// same state gives the same bytes. It costs O(n log n) in what the schedulers store, and O(n) in
// the number of tasks. The rolling hash must have all entries. A recorder is told that journals can
// begin anew here.
func (m *Machine) Freeze() (*Snapshot, error) {
	if m.Rolled() != m.index {
		return nil, fmt.Errorf("a snapshot: the rolling hash has entries up to %d, of %d", m.Rolled(),
			m.index)
	}
	s := &Snapshot{index: m.index, sideBySide: m.sideBySide}
	sections := m.sections(s)
	header := &replica.Header{FormatVersion: formatVersion, RuleVersion: m.rules, Index: m.index,
		Time: timestamppb.New(m.now), RollingHash: m.chain.hash[:], RestoredIndex: m.restored}
	for _, part := range sections {
		header.Sections = append(header.Sections, &replica.SectionName{Kind: part.kind, Pool: part.pool})
	}
	first := section{append: appendMessage(func() proto.Message { return header })}
	s.sections = append([]section{first}, sections...)
	s.made = make([][][]byte, len(s.sections))
	if err := s.makeNow(); err != nil {
		s.Release()
		return nil, err
	}
	return s, nil
}

// makeNow makes the sections that change as a whole.
func (s *Snapshot) makeNow() error {
	var now []int
	for i := range s.sections {
		if !s.sections[i].later {
			now = append(now, i)
		}
	}
	errs := make([]error, len(now))
	s.sideBySide(len(now), func(i int) {
		part, at := &s.sections[now[i]], &s.made[now[i]]
		if part.parts != nil {
			*at = part.parts()
			return
		}
		*at = make([][]byte, 1)
		(*at)[0], errs[i] = part.append(nil)
	})
	for i, err := range errs {
		part := &s.sections[now[i]]
		if err != nil {
			return fmt.Errorf("a snapshot: %v of pool %q: %w", part.kind, part.pool, err)
		}
		if part.made != nil {
			part.made(s.made[now[i]])
		}
	}
	return nil
}

// freeze has the tasks of a pool kept as they are.
func (s *Snapshot) freeze(p *hosted) *frozenTasks {
	f := &frozenTasks{pool: p, until: p.lastID, kept: map[*task][]byte{}}
	p.frozen = append(p.frozen, f)
	s.frozen = append(s.frozen, f)
	return f
}

// sectionsAtOnce is how many sections of tasks are made at once. The machine stands still for some
// hundredths of a second meanwhile; one by one they would wait for an entry each time.
const sectionsAtOnce = 8

// Write writes a snapshot: a series of sections, each of which is its length in 8 bytes,
// big-endian, its bytes, and their SHA-256. The first is a Header, which names the others. It may
// run beside the machine's methods, but for what exclusive is given to call, which must not. It
// costs O(n) in the number of tasks, and the memory of sectionsAtOnce sections of them besides what
// Freeze has made.
func (s *Snapshot) Write(w io.Writer, exclusive func(f func())) error {
	defer exclusive(s.Release)
	out := bufio.NewWriterSize(w, 1<<20)
	memory := make([][]byte, sectionsAtOnce)
	for i := range s.sections {
		if s.made[i] == nil {
			var err error
			if exclusive(func() { err = s.makeLater(i, memory) }); err != nil {
				return err
			}
		}
		if err := writeSection(out, s.made[i]...); err != nil {
			return err
		}
		s.made[i] = nil
	}
	return out.Flush()
}

// makeLater makes sections of tasks, from one on that is not made, in memory that is free.
func (s *Snapshot) makeLater(from int, memory [][]byte) error {
	n := 0
	for n < len(memory) && from+n < len(s.sections) && s.sections[from+n].later {
		n++
	}
	errs := make([]error, n)
	s.sideBySide(n, func(i int) {
		memory[i], errs[i] = s.sections[from+i].append(memory[i][:0])
		s.made[from+i] = [][]byte{memory[i]}
	})
	for i, err := range errs {
		part := &s.sections[from+i]
		if err != nil {
			return fmt.Errorf("a snapshot: %v of pool %q: %w", part.kind, part.pool, err)
		}
		part.passed()
	}
	return nil
}

// Release says that no more of a snapshot will be written. It must not run beside the machine's
// methods. Calls after the first do nothing.
func (s *Snapshot) Release() {
	for _, f := range s.frozen {
		f.pool.frozen = slices.DeleteFunc(f.pool.frozen, func(g *frozenTasks) bool { return f == g })
	}
	s.frozen, s.sections, s.made = nil, nil, nil
}

// keep keeps a task that is to change, if it is not made yet.
func (f *frozenTasks) keep(t *task) {
	if t.id <= f.made || t.id > f.until || f.kept[t] != nil || f.wrong != nil {
		return
	}
	f.kept[t], f.wrong = f.message.append(nil, t)
}

// append appends the bytes of a section of tasks as they were.
func (f *frozenTasks) append(b []byte, tasks []*task) ([]byte, error) {
	err, m := f.wrong, &storedMessage{}
	for _, t := range tasks {
		if kept := f.kept[t]; kept != nil {
			b = append(b, kept...)
		} else if err == nil {
			b, err = m.append(b, t)
		}
	}
	return b, err
}

// pass says that a section of tasks is made. Sections are passed in order.
func (f *frozenTasks) pass(tasks []*task) {
	f.made = tasks[len(tasks)-1].id
	if len(f.kept) == 0 {
		return
	}
	for _, t := range tasks {
		delete(f.kept, t)
	}
}
