package raftlog_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft-wal/types"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
)

// A disk is a file system in memory that knows what a loss of power would leave: of what was not
// synced, any sectors or none.
type disk struct {
	mu    sync.Mutex
	files map[string]*diskFile
	// slow holds up each write.
	slow func()
	// full makes it fail to make files, as those that there are have all their room.
	full error
}

type diskFile struct {
	disk    *disk
	now     []byte
	durable []byte // nil until the first Sync
	pending []pendingWrite
}

type pendingWrite struct {
	at   int64
	data []byte
}

func newDisk() *disk { return &disk{files: map[string]*diskFile{}} }

const sectorBytes = 512

// loss is the disk as a loss of power leaves it.
func (d *disk) loss(rng *rand.Rand) *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := newDisk()
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		f := d.files[name]
		content := slices.Clone(f.durable)
		if content == nil {
			if rng.IntN(2) == 0 {
				continue // nor does the directory know of it
			}
			content = make([]byte, len(f.now))
		}
		for _, w := range f.pending {
			for from := 0; from < len(w.data); from += sectorBytes {
				if rng.IntN(2) == 0 {
					to := min(from+sectorBytes, len(w.data))
					content = writeTo(content, w.at+int64(from), w.data[from:to])
				}
			}
		}
		after.files[name] = &diskFile{disk: after, now: slices.Clone(content), durable: content}
	}
	return after
}

func writeTo(b []byte, at int64, data []byte) []byte {
	if n := at + int64(len(data)); n > int64(len(b)) {
		b = append(b, make([]byte, n-int64(len(b)))...)
	}
	copy(b[at:], data)
	return b
}

func (d *disk) ListDir(dir string) (names []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for path := range d.files {
		if filepath.Dir(path) == dir {
			names = append(names, filepath.Base(path))
		}
	}
	slices.Sort(names)
	return names, nil
}

func (d *disk) Create(dir, name string, size uint64) (types.WritableFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full != nil {
		return nil, d.full
	}
	path := filepath.Join(dir, name)
	if d.files[path] != nil {
		return nil, os.ErrExist
	}
	f := &diskFile{disk: d, now: make([]byte, size)}
	d.files[path] = f
	return f, nil
}

func (d *disk) Delete(dir, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, filepath.Join(dir, name))
	return nil
}

func (d *disk) OpenReader(dir, name string) (types.ReadableFile, error) {
	return d.OpenWriter(dir, name)
}

func (d *disk) OpenWriter(dir, name string) (types.WritableFile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.files[filepath.Join(dir, name)]; f != nil {
		return f, nil
	}
	return nil, os.ErrNotExist
}

func (f *diskFile) ReadAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if at >= int64(len(f.now)) {
		return 0, io.EOF
	}
	n := copy(b, f.now[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *diskFile) WriteAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	slow := f.disk.slow
	f.disk.mu.Unlock()
	if slow != nil {
		slow()
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.now = writeTo(f.now, at, b)
	f.pending = append(f.pending, pendingWrite{at, slices.Clone(b)})
	return len(b), nil
}

func (f *diskFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.durable == nil {
		f.durable = make([]byte, len(f.now))
	}
	for _, w := range f.pending {
		f.durable = writeTo(f.durable, w.at, w.data)
	}
	f.pending = nil
	return nil
}

func (f *diskFile) Close() error { return nil }

// acknowledged are the entries that somebody was told are in the log.
type acknowledged struct {
	mu      sync.Mutex
	entries []string
	dark    bool // the power is gone: nobody is told any more
}

func (a *acknowledged) add(entry string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.dark {
		a.entries = append(a.entries, entry)
	}
}

// missing are those of some entries that are not among others.
func missing(entries, want []string) (lost []string) {
	there := map[string]bool{}
	for _, e := range entries {
		there[e] = true
	}
	for _, e := range want {
		if !there[e] {
			lost = append(lost, e)
		}
	}
	return lost
}

// await waits until n more entries are acknowledged.
func (a *acknowledged) await(t *testing.T, n int) {
	count := func() int {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.entries)
	}
	from := count()
	within(t, "entries are acknowledged", func() bool { return count() >= from+n })
}

// powerRounds is how often the power is cut; QSCHED_LONG_POWER says how often in long runs.
func powerRounds() int {
	if n, err := strconv.Atoi(os.Getenv("QSCHED_LONG_POWER")); err == nil {
		return n
	}
	return 2
}

// TestLossOfPowerLosesNothingAcknowledged cuts the power of all nodes at random moments.
func TestLossOfPowerLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	for _, ids := range [][]string{{"a"}, {"a", "b", "c"}} {
		t.Run(fmt.Sprintf("nodes=%d", len(ids)), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, uint64(len(ids))))
			c := newCluster(t, func(o *raftlog.Options) {
				o.Files, o.SegmentBytes, o.KeepEntries = newDisk(), 16<<10, 1
			}, ids...)
			a := &acknowledged{}
			for round := range powerRounds() {
				stop := c.appendAlways(a, fmt.Sprintf("round%d-", round))
				a.await(t, rng.IntN(40))
				if rng.IntN(2) == 0 {
					for _, n := range c.nodes {
						require.NoError(t, n.log.Snapshot(t.Context()))
					}
				}
				a.await(t, 20+rng.IntN(60))
				c.losePower(a, rng, stop)
			}
			c.must(nil, "the end")
			c.agree()
			for _, n := range c.nodes {
				require.Empty(t, missing(n.ledger.Entries(), a.entries))
			}
			require.GreaterOrEqual(t, len(a.entries), 20*powerRounds())
		})
	}
}

// appendAlways appends numbered entries by whoever leads, until the function that it returns is
// called.
func (c *cluster) appendAlways(a *acknowledged, prefix string) (stop func()) {
	ctx, cancel := context.WithCancel(c.t.Context())
	logs := map[string]*raftlog.Log{}
	for id, n := range c.nodes {
		logs[id] = n.log
	}
	var appending sync.WaitGroup
	for i := range 4 {
		appending.Go(func() {
			for k := 0; ctx.Err() == nil; k++ {
				entry := fmt.Sprintf("%s%d-%d", prefix, i, k)
				for _, l := range logs {
					if _, _, err := l.Append(ctx, []byte(entry)); err == nil {
						a.add(entry)
						break
					}
				}
			}
		})
	}
	return func() { cancel(); appending.Wait() }
}

// losePower cuts the power, and starts all nodes from what that left.
func (c *cluster) losePower(a *acknowledged, rng *rand.Rand, stop func()) {
	a.mu.Lock()
	a.dark = true
	for _, id := range slices.Sorted(maps.Keys(c.nodes)) {
		n := c.nodes[id]
		dir := filepath.Join(c.t.TempDir(), id)
		require.NoError(c.t, os.CopyFS(dir, os.DirFS(n.options.Dir)))
		n.options.Files = n.options.Files.(*disk).loss(rng).moved(n.options.Dir, dir)
		n.options.Dir = dir
	}
	a.mu.Unlock()
	stop()
	for id := range c.nodes {
		c.close(id)
	}
	a.dark = false
	for id := range c.nodes {
		c.open(id)
	}
}

// moved renames the directory of all files.
func (d *disk) moved(from, to string) *disk {
	files := map[string]*diskFile{}
	for path, f := range d.files {
		rel, err := filepath.Rel(from, path)
		if err != nil {
			panic(err)
		}
		files[filepath.Join(to, rel)] = f
	}
	d.files = files
	return d
}

func TestASlowDiskEndsTheProcess(t *testing.T) {
	t.Parallel()
	d, exited := newDisk(), make(chan int, 100)
	// A machine that does much else may take some tenths of a second for a write that is not slow.
	c := newCluster(t, func(o *raftlog.Options) {
		o.Files, o.WriteLimit, o.Exit = d, 2*time.Second, func(code int) { exited <- code }
	}, "a")
	c.must(nil, "one")
	require.Empty(t, exited)
	release := make(chan struct{})
	d.mu.Lock()
	d.slow = func() { <-release }
	d.mu.Unlock()
	result := make(chan error)
	go func() { result <- c.nodes["a"].append(context.Background(), "two") }()
	require.Equal(t, 70, <-exited)
	close(release)
	require.NoError(t, <-result)
}

// TestAFullDiskIsSaidAndOvercome fills a leader's disk, and makes room again.
func TestAFullDiskIsSaidAndOvercome(t *testing.T) {
	t.Parallel()
	d := newDisk()
	c := newCluster(t, func(o *raftlog.Options) { o.Files, o.SegmentBytes = d, 4<<10 }, "a")
	c.must(nil, "one")
	n := c.nodes["a"]
	d.mu.Lock()
	d.full = fmt.Errorf("no space left")
	d.mu.Unlock()
	// What there is of the newest segment can be used.
	within(t, "an append fails", func() bool { return n.append(t.Context(), "more") != nil })
	require.Contains(t, fmt.Sprint(n.log.Status().Alarms), "no space left")
	d.mu.Lock()
	d.full = nil
	d.mu.Unlock()
	c.must(nil, "three")
	require.Empty(t, n.log.Status().Alarms)
	require.Subset(t, n.ledger.Entries(), []string{"one", "three"})
}
