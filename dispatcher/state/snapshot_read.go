package state

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos/replica"
)

// ErrBadSnapshot is a snapshot that no state has written, or that was damaged.
var ErrBadSnapshot = errors.New("bad snapshot")

// sectionBytesMax is how long a section may be.
const sectionBytesMax = 8 << 30

// Read returns the state that a snapshot is of. All of the reader must be the snapshot. It checks
// every SHA-256, and that the parts go together; the error wraps ErrBadSnapshot and names the
// section, or ErrUnknownRules if this code does not know its rules or format. What is read of a
// section takes memory only as its bytes come.
func Read(r io.Reader, options ...Option) (*Machine, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	header := &replica.Header{}
	if err := readMessage(in, header); err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrBadSnapshot, err)
	}
	m, err := startRead(header, options)
	if err != nil {
		return nil, err
	}
	d := &reading{m: m}
	for i, name := range header.GetSections() {
		if len(d.pending) > 0 && (name.GetKind() != tasksSection || len(d.pending) == sideBySideMax) {
			if err := d.readPending(); err != nil {
				return nil, err
			}
		}
		if err := d.section(in, i, name); err != nil {
			return nil, sectionError(i, name, err)
		}
	}
	if err := d.readPending(); err != nil {
		return nil, err
	}
	if err := d.endPool(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadSnapshot, err)
	}
	if _, err := in.ReadByte(); err != io.EOF {
		return nil, fmt.Errorf("%w: something follows the last section", ErrBadSnapshot)
	}
	d.record()
	return m, nil
}

func sectionError(i int, name *replica.SectionName, err error) error {
	return fmt.Errorf("%w: section %d, %v of pool %s: %w", ErrBadSnapshot, i, name.GetKind(),
		check.Quote(name.GetPool()), err)
}

// record tells the recorder of the state that was read.
func (d *reading) record() {
	d.m.recorder.Restart()
	for i, b := range d.begun {
		d.m.recorder.Begin(b.pool, d.m.index, [][]byte{b.snapshot})
		d.begun[i].snapshot = nil
	}
}

// startRead returns the state that a header is of, without pools.
func startRead(h *replica.Header, options []Option) (*Machine, error) {
	m := New(options...)
	switch {
	case h.GetFormatVersion() != formatVersion:
		return nil, fmt.Errorf("%w: the snapshot has format %d, and %d is known", ErrUnknownRules,
			h.GetFormatVersion(), formatVersion)
	case h.GetRuleVersion() > m.known:
		return nil, fmt.Errorf("%w: the snapshot has rules %d; the newest known are %d",
			ErrUnknownRules, h.GetRuleVersion(), m.known)
	case h.GetRuleVersion() == 0 || len(h.GetRollingHash()) != sha256.Size:
		return nil, fmt.Errorf("%w: header: no rules, or a rolling hash of %d bytes",
			ErrBadSnapshot, len(h.GetRollingHash()))
	case h.GetRestoredIndex() > h.GetIndex():
		return nil, fmt.Errorf("%w: header: it began with entry %d, and ends with %d",
			ErrBadSnapshot, h.GetRestoredIndex(), h.GetIndex())
	}
	now, err := readTime("time", h.GetTime())
	if err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrBadSnapshot, err)
	}
	m.index, m.rules, m.now = h.GetIndex(), h.GetRuleVersion(), now
	m.restored = h.GetRestoredIndex()
	m.chain.index = m.index
	copy(m.chain.hash[:], h.GetRollingHash())
	return m, nil
}

// readSection returns the bytes of the next section.
func readSection(r io.Reader) ([]byte, error) {
	var size [8]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, fmt.Errorf("its length: %w", err)
	}
	n := binary.BigEndian.Uint64(size[:])
	if n > sectionBytesMax {
		return nil, fmt.Errorf("a length of %d bytes is more than %d", n, uint64(sectionBytesMax))
	}
	var b bytes.Buffer // grows with what comes, not with what the length says
	if _, err := io.CopyN(&b, r, int64(n)); err != nil {
		return nil, fmt.Errorf("%d of its %d bytes: %w", b.Len(), n, err)
	}
	var want [sha256.Size]byte
	if _, err := io.ReadFull(r, want[:]); err != nil {
		return nil, fmt.Errorf("its SHA-256: %w", err)
	}
	if sha256.Sum256(b.Bytes()) != want {
		return nil, errors.New("its SHA-256 is another one")
	}
	return b.Bytes(), nil
}

// readMessage reads the next section, which is a message.
func readMessage(r io.Reader, into proto.Message) error {
	b, err := readSection(r)
	if err != nil {
		return err
	}
	return unmarshal(b, into)
}

// unmarshal reads a message that was written as this code writes it. It must not have so many parts
// that they take memory out of proportion, and nothing that this code does not know: without that,
// it is as long as it was.
func unmarshal(b []byte, into proto.Message) error {
	if err := check.Messages(b, into.ProtoReflect().Descriptor()); err != nil {
		return err
	}
	if err := strictly.Unmarshal(b, into); err != nil {
		return errors.New("it cannot be read")
	}
	if proto.Size(into) != len(b) {
		return errors.New("it has unknown fields, or was written otherwise")
	}
	return nil
}

// strictly leaves out what this code does not know.
var strictly = proto.UnmarshalOptions{DiscardUnknown: true}

func readTime(what string, t *timestamppb.Timestamp) (at time.Time, err error) {
	if t == nil || t.CheckValid() != nil || !check.InRange(t.AsTime()) {
		return at, fmt.Errorf("%s is missing, or not in the years 1970 to 9999", what)
	}
	return t.AsTime(), nil
}

// A reading is the part of a snapshot that was read so far.
type reading struct {
	m    *Machine
	p    *hosted // the pool that sections are of; nil before the first
	last string  // the greatest id of its tasks
	kind replica.SectionName_Kind
	// pending are sections of tasks of which the bytes alone were read, all of p.
	pending []*tasksRead
	// begun are the pools that have not failed, for the recorder.
	begun []begun
}

// A begun is a pool as its section has it.
type begun struct {
	pool     string
	snapshot []byte
}

// section reads the next section.
func (d *reading) section(r io.Reader, i int, name *replica.SectionName) error {
	b, err := readSection(r)
	if err != nil {
		return err
	}
	if err := d.checkOrder(name); err != nil {
		return err
	}
	d.kind = name.GetKind()
	switch d.kind {
	case resultsSection:
		return d.results(b)
	case headSection:
		return d.head(b, name.GetPool())
	case poolSection:
		d.p.pool, err = pool.RestoreBytes(b)
		if d.m.recorder != (nobody{}) {
			d.begun = append(d.begun, begun{d.p.name, b})
		}
		return err
	case tasksSection:
		d.pending = append(d.pending, &tasksRead{index: i, name: name, bytes: b})
		return nil
	case workersSection:
		return d.workers(b)
	}
	if d.kind == usageSection {
		return d.usage(b)
	}
	return d.external(b)
}

// checkOrder returns an error unless a section may come next.
func (d *reading) checkOrder(name *replica.SectionName) error {
	kind := name.GetKind()
	switch {
	case kind < resultsSection || kind > externalSection:
		return errors.New("the kind is not known")
	case kind == resultsSection:
		if d.p != nil || name.GetPool() != "" {
			return errors.New("it comes after a pool, or has the name of one")
		}
		return nil
	case kind == headSection:
		if err := d.endPool(); err != nil {
			return err
		}
		if d.p != nil && d.p.name >= name.GetPool() {
			return fmt.Errorf("pool %s does not come after pool %s", check.Quote(name.GetPool()),
				d.p.name)
		}
		return nil
	case d.p == nil || name.GetPool() != d.p.name:
		return errors.New("it is not of the pool whose head came last")
	case kind < d.kind || kind == d.kind && kind != tasksSection:
		return fmt.Errorf("it comes after %v", d.kind)
	}
	return nil
}
