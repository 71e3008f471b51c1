package state

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/quotasched/quotasched/dispatcher/internal/wire"
	"github.com/quotasched/quotasched/protos/replica"
)

// Sealed is what is kept of an entry that was run: the bytes of its events, and what the rolling
// hash takes of it.
type Sealed struct {
	// EventBytes are the events of the outcome, each as it was marshalled.
	EventBytes [][]byte

	index          uint64
	bytes          []byte            // of the outcome
	sizes          []int             // of the events
	entry, outcome [sha256.Size]byte // digests
}

// reusedMax is how many bytes of an outcome's memory are used again.
const reusedMax = 8 << 20

// Index is that of the entry.
func (a *Applied) Index() uint64 { return a.index }

// Seal makes that, in the memory of one that nobody needs any more; nil for none. It takes about a
// quarter of the time that an entry takes to run, and reads what does not change any more: it may
// be called from any goroutine, also while the machine runs other entries.
func (a *Applied) Seal(old *Sealed) *Sealed {
	s := &Sealed{index: a.index, entry: sha256.Sum256(a.bytes)}
	if old != nil && cap(old.bytes) <= reusedMax {
		s.bytes, s.sizes, s.EventBytes = old.bytes[:0], old.sizes[:0], old.EventBytes[:0]
	}
	s.marshal(a.Outcome)
	s.outcome = sha256.Sum256(s.bytes)
	return s
}

// A chain is the rolling hash: a SHA-256 over all entries and their outcomes.
type chain struct {
	index uint64 // of the newest entry in it
	hash  [sha256.Size]byte
}

// Roll takes an entry into the rolling hash. Each one that was run must be, in their order. It may
// be called while the machine runs entries, but not at the same time as itself, RollingHash, Rolled
// and Write.
func (m *Machine) Roll(s *Sealed) {
	c := &m.chain
	if s.index <= c.index {
		panic(fmt.Sprintf("invariant: entries are rolled in order: %d after %d", s.index, c.index))
	}
	sum := sha256.New()
	sum.Write(c.hash[:])
	sum.Write(binary.BigEndian.AppendUint64(nil, s.index))
	sum.Write(s.entry[:])
	sum.Write(s.outcome[:])
	sum.Sum(c.hash[:0])
	c.index = s.index
}

// Rolled is the newest entry that RollingHash has; 0 before the first.
func (m *Machine) Rolled() uint64 { return m.chain.index }

// RollingHash is a SHA-256 over all entries up to Rolled and their outcomes: replicas with the same
// index and another hash differ.
func (m *Machine) RollingHash() [sha256.Size]byte { return m.chain.hash }

// commandsField and eventsField are the numbers of the commands in an outcome, and of the events
// after them.
var (
	commandsField = fieldNumber(&replica.Outcome{}, "commands")
	eventsField   = fieldNumber(&replica.Outcome{}, "events")
)

// marshal makes the bytes of an outcome, and those of each event in it: events are most of an
// outcome, and what keeps them takes the bytes that the hash was made of.
func (s *Sealed) marshal(o *replica.Outcome) {
	outcome := s.bytes
	var err, wrong error
	for _, command := range o.GetCommands() {
		outcome, wrong = wire.AppendCommandField(outcome, commandsField, command)
		err = cmp.Or(err, wrong)
	}
	for _, event := range o.GetEvents() {
		var size int
		outcome, size, wrong = wire.AppendEventField(outcome, eventsField, event)
		err = cmp.Or(err, wrong)
		s.sizes = append(s.sizes, size)
	}
	if err != nil {
		panic("invariant: an outcome can be marshalled: " + err.Error())
	}
	// The slice has grown meanwhile, so they are cut out at the end, from the last one on.
	s.bytes, s.EventBytes = outcome, slices.Grow(s.EventBytes, len(s.sizes))[:len(s.sizes)]
	end := len(outcome)
	for i, size := range slices.Backward(s.sizes) {
		s.EventBytes[i] = outcome[end-size : end]
		end -= protowire.SizeTag(eventsField) + protowire.SizeBytes(size)
	}
}
