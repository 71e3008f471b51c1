package state

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// Errors of Apply: the replica must stop, and nothing has changed.
var (
	// ErrUnknownRules says that an entry is of rules, or has a command, that this code does not know.
	ErrUnknownRules = errors.New("unknown rules")
	// ErrOldIndex says that the index of an entry is not above that of the one before.
	ErrOldIndex = errors.New("the entry is not after the one before")
)

// Applied is what an entry brought. It does not change any more.
type Applied struct {
	Outcome *replica.Outcome
	// Touched are the workers whose orders may differ now, in order.
	Touched []WorkerKey
	// Passes is how many pools ran a pass.
	Passes int
	// Stacks are those of panics that stopped pools, for the node's own log: they differ between
	// builds of this code, and are no part of the state.
	Stacks []string

	index uint64
	bytes []byte
}

// A WorkerKey names a machine of a pool.
type WorkerKey struct{ Pool, Worker string }

// An entry is one that is being applied.
type entry struct {
	m       *Machine
	index   uint64
	at      time.Time
	time    *timestamppb.Timestamp // the same, which all its events have
	outcome *replica.Outcome
	touched map[WorkerKey]bool
	news    []*hosted // the pools with news, in order of their first
	stacks  []string
	specs   [][]byte // those in the command that is run, as they were marshalled; nil if not known
}

// Apply is ApplyBytes for an entry that is not in bytes yet.
func (m *Machine) Apply(index uint64, in *replica.Entry) (*Applied, error) {
	bytes, err := deterministic.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w: it cannot be marshalled", index, ErrUnknownRules)
	}
	return m.ApplyBytes(index, bytes)
}

// ApplyBytes runs an entry as the log has it, and takes it into the rolling hash. It is Run, Seal
// and Roll.
func (m *Machine) ApplyBytes(index uint64, bytes []byte) (*Applied, error) {
	a, err := m.Run(index, bytes)
	if err == nil {
		m.Roll(a.Seal(nil))
	}
	return a, err
}

// Run runs an entry as the log has it: its commands in order, then a pass in each pool with news.
// It costs what the commands change, and a pass in each of these pools. The rolling hash has the
// entry when it is sealed, and rolled.
//
// The error says that this replica must stop: the entry is of rules that this code does not know
// (ErrUnknownRules), or not the next one (ErrOldIndex).
func (m *Machine) Run(index uint64, bytes []byte) (*Applied, error) {
	if index <= m.index {
		return nil, fmt.Errorf("entry %d: %w, %d", index, ErrOldIndex, m.index)
	}
	in, specs, err := m.decode(bytes)
	if err == nil {
		err = m.checkKnown(in)
	}
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", index, err)
	}
	m.index, m.now = index, m.timeOf(in)
	e := &entry{m: m, index: index, at: m.now, time: timestamppb.New(m.now),
		outcome: &replica.Outcome{}, touched: map[WorkerKey]bool{}}
	for i, c := range in.GetCommands() {
		out := &replica.CommandOutcome{}
		e.specs = nil
		if specs != nil {
			e.specs = specs[i]
		}
		e.command(c, out)
		e.outcome.Commands = append(e.outcome.Commands, out)
	}
	for _, p := range e.news {
		e.finish(p)
	}
	return &Applied{Outcome: e.outcome, Touched: e.touchedWorkers(), Passes: len(e.news),
		Stacks: e.stacks, index: index, bytes: bytes}, nil
}

// lastTime is after what no entry's time moves the state: within it no two times are further apart
// than a time.Duration holds.
var lastTime = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// timeOf returns the state's time after an entry. It never goes back, and an entry without a valid
// time does not move it.
func (m *Machine) timeOf(in *replica.Entry) time.Time {
	t := in.GetTime()
	if t == nil || t.CheckValid() != nil || t.AsTime().Before(m.now) || t.AsTime().After(lastTime) {
		return m.now
	}
	return t.AsTime()
}

// decode returns an entry all of whose fields this code knows, at any depth: without the others, an
// entry takes fewer bytes than the log has. With it come the bytes of specs, by command, if they
// are known.
func (m *Machine) decode(bytes []byte) (*replica.Entry, [][][]byte, error) {
	if e, ok := m.memory.reader.Read(bytes); ok {
		return &e.Message, e.Specs, nil
	}
	in := &replica.Entry{}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(bytes, in); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrUnknownRules, err)
	}
	if n := proto.Size(in); n != len(bytes) {
		return nil, nil, fmt.Errorf("%w: unknown fields: of %d bytes, %d are known", ErrUnknownRules,
			len(bytes), n)
	}
	return in, nil, nil
}

// checkKnown returns an error unless this code knows the rules and commands of an entry.
func (m *Machine) checkKnown(in *replica.Entry) error {
	if v := in.GetRuleVersion(); v > m.known {
		return fmt.Errorf("%w: version %d; the newest known is %d", ErrUnknownRules, v, m.known)
	}
	rules := m.rules
	for i, c := range in.GetCommands() {
		if c.GetKind() == nil {
			return fmt.Errorf("%w: command %d is of an unknown kind", ErrUnknownRules, i)
		}
		raise := c.GetRaiseRules()
		if raise.GetRuleVersion() != rules+1 {
			continue
		}
		if rules++; rules > m.known {
			return fmt.Errorf("%w: version %d comes into force; the newest known is %d",
				ErrUnknownRules, rules, m.known)
		}
	}
	return nil
}

// touchedWorkers returns the workers whose orders may differ, in order.
func (e *entry) touchedWorkers() []WorkerKey {
	return slices.SortedFunc(maps.Keys(e.touched), func(a, b WorkerKey) int {
		return cmp.Or(cmp.Compare(a.Pool, b.Pool), cmp.Compare(a.Worker, b.Worker))
	})
}

// emit adds an event of a pool; of the cluster if the pool's name is empty.
func (e *entry) emit(pool string, event *dispatch.Event) {
	e.emitAt(&dispatch.Position{}, pool, event)
}

// emitAt is emit with the memory for the position.
func (e *entry) emitAt(position *dispatch.Position, pool string, event *dispatch.Event) {
	position.Index, position.N = e.index, uint32(len(e.outcome.Events))
	event.Position, event.Time, event.Pool = position, e.time, pool
	e.outcome.Events = append(e.outcome.Events, event)
}
