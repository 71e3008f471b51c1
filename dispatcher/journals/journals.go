package journals

import (
	"cmp"
	"context"
	"crypto/sha256"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/internal/wire"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
)

// Options say where journals are, and how much of them is kept.
type Options struct {
	// Dir is the folder of all of them; it is made if it is missing.
	Dir string
	// Writer is what the headers say of who wrote them.
	Writer string
	// KeepBytes and KeepFor are how much, and for how long, segments are kept. What is being written
	// is kept in any case.
	KeepBytes int64
	KeepFor   time.Duration
	// QueueBytes is how much of steps may wait to be written, and above how much of snapshots no more
	// than one of each pool may; 0 means 64 MiB.
	QueueBytes int64
	// Logger gets what people should know.
	Logger *slog.Logger
	// Now is the wall clock, by which segments are old; nil means time.Now.
	Now func() time.Time
}

const (
	defaultQueueBytes = 64 << 20
	// eventBytes is about what an event takes that waits with its step.
	eventBytes = 512
	// roomBytes is how much memory is taken at once for operations, and roomLeast with how much the
	// next one does not fit in it.
	roomBytes, roomLeast = 64 << 10, 1 << 10
	// reusedItems and reusedBytes are how large a queue, and the bytes of an outcome, may be whose
	// memory is used again.
	reusedItems, reusedBytes = 16 << 10, 1 << 20
)

// Journals are the journals of a node's pools. As a state.Recorder it takes what happens; all other
// methods may be called from any goroutine.
type Journals struct {
	options Options
	files   *files
	outcome []byte        // the bytes of one, in the writer
	done    chan struct{} // closed when the writer has ended

	mu      sync.Mutex
	queue   []item
	bytes   int64           // of the steps in the queue
	saved   int64           // of the snapshots in the queue
	told    map[string]bool // the pools of which the queue takes steps
	room    []byte          // for operations of the queue; those before its end are in it
	cuts    uint64
	closed  bool
	arrived chan struct{} // has room for one; full if the queue may not be empty
}

var _ state.Recorder = (*Journals)(nil)

// An item is something to be done to the files, in order.
type item struct {
	kind  itemKind
	pool  string
	index uint64 // of begin
	// snapshot is that of begin, in parts, and its length.
	snapshot      [][]byte
	snapshotBytes int64
	// operation and outcome are those of a step. The operation is marshalled, unless it cannot be.
	operation []byte
	invalid   error
	outcome   *protos.Outcome
	size      int64
	// flushed is closed when a flush is done.
	flushed chan struct{}
}

type itemKind uint8

const (
	beginItem itemKind = iota
	stepItem
	endItem
	flushItem
)

// New returns the journals of a folder. Close ends what it starts.
func New(o Options) (*Journals, error) {
	o.QueueBytes = cmp.Or(o.QueueBytes, defaultQueueBytes)
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	j := &Journals{options: o, files: newFiles(o), done: make(chan struct{}),
		told: map[string]bool{}, arrived: make(chan struct{}, 1)}
	go j.write()
	return j, nil
}

// Close writes what waits, and closes the files.
func (j *Journals) Close() error {
	j.mu.Lock()
	first := !j.closed
	j.closed = true
	j.mu.Unlock()
	if first {
		j.wake()
	}
	<-j.done
	return nil
}

// Cuts is how many journals were cut since this process began: their files did not keep up, or
// could not be written.
func (j *Journals) Cuts() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.cuts
}

// Bytes is how long all files are together.
func (j *Journals) Bytes() int64 { return j.files.bytes() }

// Restart implements state.Recorder.
func (j *Journals) Restart() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for pool := range j.told { // the order is free: pools share nothing
		j.put(item{kind: endItem, pool: pool})
	}
	clear(j.told)
}

// Begin implements state.Recorder.
func (j *Journals) Begin(pool string, index uint64, snapshot [][]byte) {
	size := int64(0)
	for _, part := range snapshot {
		size += int64(len(part))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.saved+size > j.options.QueueBytes && j.skip(pool) {
		j.cut(pool, "a snapshot of it comes before the one before is written")
	}
	j.told[pool] = true
	j.saved += size
	j.put(item{kind: beginItem, pool: pool, index: index, snapshot: snapshot, snapshotBytes: size})
}

// Step implements state.Recorder.
func (j *Journals) Step(name string, op *protos.Operation, outcome *protos.Outcome) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.told[name] {
		return
	}
	operation, invalid := j.marshal(op)
	size := int64(len(operation)) + eventBytes*int64(len(outcome.GetEvents()))
	if j.bytes > 0 && j.bytes+size > j.options.QueueBytes {
		j.cut(name, "what waits to be written is more than may wait")
		return
	}
	j.bytes += size
	j.put(item{kind: stepItem, pool: name, operation: operation, invalid: invalid, outcome: outcome,
		size: size})
}

// marshal returns the bytes of an operation.
func (j *Journals) marshal(op *protos.Operation) ([]byte, error) {
	if cap(j.room)-len(j.room) < roomLeast {
		j.room = make([]byte, 0, roomBytes)
	}
	before := len(j.room)
	b, err := wire.AppendOperation(j.room, op)
	if err != nil {
		return nil, err
	}
	j.room = b
	return b[before:len(b):len(b)], nil
}

// End implements state.Recorder.
func (j *Journals) End(pool string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.told, pool)
	j.put(item{kind: endItem, pool: pool})
}

// put adds an item to the queue.
func (j *Journals) put(i item) {
	if j.closed {
		return
	}
	j.queue = append(j.queue, i)
	j.wake()
}

func (j *Journals) wake() {
	select {
	case j.arrived <- struct{}{}:
	default:
	}
}

// skip forgets all that waits of a pool if a snapshot does, and reports whether one did.
func (j *Journals) skip(pool string) bool {
	begins := false
	for i := range j.queue {
		begins = begins || j.queue[i].kind == beginItem && j.queue[i].pool == pool
	}
	if !begins {
		return false
	}
	kept := j.queue[:0]
	for _, i := range j.queue {
		if i.pool != pool || i.kind == flushItem {
			kept = append(kept, i)
			continue
		}
		j.bytes -= i.size
		j.saved -= i.snapshotBytes
	}
	clear(j.queue[len(kept):])
	j.queue = kept
	return true
}

// cut ends a pool's journal until its next snapshot.
func (j *Journals) cut(pool, why string) {
	delete(j.told, pool)
	j.cuts++
	j.put(item{kind: endItem, pool: pool})
	j.options.Logger.Warn("a journal is cut, and begins anew with the next snapshot", "pool", pool,
		"reason", why)
}

// write does what the queue says until Close.
func (j *Journals) write() {
	defer close(j.done)
	defer j.files.close()
	var items []item
	for range j.arrived {
		for {
			var closed bool
			clear(items)
			items, closed = j.take(items[:0])
			for k := range items {
				j.do(&items[k])
			}
			if len(items) > 0 {
				continue
			}
			if closed {
				return
			}
			break
		}
	}
}

// flush returns when all that was told of a pool so far is in its file, if it has one.
func (j *Journals) flush(ctx context.Context, pool string) error {
	flushed := make(chan struct{})
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return ErrClosed
	}
	j.put(item{kind: flushItem, pool: pool, flushed: flushed})
	j.mu.Unlock()
	select {
	case <-flushed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take takes all that waits, and leaves an empty queue.
func (j *Journals) take(empty []item) (items []item, closed bool) {
	if cap(empty) > reusedItems {
		empty = nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	items, j.queue = j.queue, empty
	return items, j.closed
}

// digest is pool.Digest of an outcome, without the pool's name in its events.
func (j *Journals) digest(o *protos.Outcome) [sha256.Size]byte {
	b, err := wire.AppendOutcome(j.outcome[:0], o)
	if err != nil {
		o = proto.CloneOf(o)
		for _, e := range o.GetEvents() {
			e.Pool = ""
		}
		return pool.Digest(o)
	}
	if j.outcome = b; cap(b) > reusedBytes {
		j.outcome = nil
	}
	return sha256.Sum256(b)
}

// do does what an item says. A pool whose file fails is cut.
func (j *Journals) do(i *item) {
	var err error
	switch i.kind {
	case beginItem:
		err = j.files.begin(i.pool, i.index, slices.Concat(i.snapshot...))
	case stepItem:
		if err = i.invalid; err == nil {
			err = j.files.step(i.pool, i.operation, j.digest(i.outcome))
		}
	case endItem:
		err = j.files.end(i.pool)
	case flushItem:
		err = j.files.flush(i.pool)
		defer close(i.flushed)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.bytes -= i.size
	j.saved -= i.snapshotBytes
	if err == nil {
		return
	}
	j.files.abandon(i.pool)
	if j.told[i.pool] {
		j.cut(i.pool, err.Error())
	}
}
