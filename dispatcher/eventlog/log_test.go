package eventlog_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/dispatcher/eventlog"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// A story is a node's life: it applies entries, takes snapshots, crashes, is sent snapshots, and
// fills what it lacks. The entries are always the same.
type story struct {
	t        *rapid.T
	dir      string
	options  eventlog.Options
	log      *eventlog.Log
	applied  uint64
	highest  uint64 // the newest that was ever applied
	snapshot uint64
	synced   int64 // bytes of the newest file that are durable
}

func (s *story) newestFile() string {
	paths, err := filepath.Glob(filepath.Join(s.dir, "*.events"))
	require.NoError(s.t, err)
	return slices.Max(paths)
}

func (s *story) sync() {
	require.NoError(s.t, s.log.Sync())
	info, err := os.Stat(s.newestFile())
	require.NoError(s.t, err)
	s.synced = info.Size()
}

// crash loses some of what is not durable, and applies the entries since the snapshot again.
func (s *story) crash() {
	path := s.newestFile()
	before, err := os.Stat(path)
	require.NoError(s.t, err)
	synced := min(s.synced, before.Size())
	require.NoError(s.t, s.log.Abandon())
	keep := rapid.Int64Range(synced, before.Size()).Draw(s.t, "kept bytes")
	require.NoError(s.t, os.Truncate(path, keep))
	s.log = open(s.t, s.dir, s.options)
	require.NoError(s.t, s.log.Reach(s.snapshot))
	s.applied = rapid.Uint64Range(s.snapshot, s.applied).Draw(s.t, "applied again")
	apply(s.t, s.log, s.snapshot+1, s.applied)
	s.sync()
}

func (s *story) check() {
	q := eventlog.Query{Limit: rapid.IntRange(1, 20).Draw(s.t, "limit")}
	q.All = rapid.Bool().Draw(s.t, "all")
	q.Pool = rapid.SampledFrom(pools).Draw(s.t, "pool")
	q.After = eventlog.Position{Index: rapid.Uint64Range(0, s.applied).Draw(s.t, "after"),
		N: rapid.Uint32Range(0, 2).Draw(s.t, "n")}
	got, err := all(s.t, s.log, q)
	gap, missing := s.log.Missing()
	var old *eventlog.TooOldError
	switch start := s.log.Start(); {
	case q.After.Compare(start) < 0:
		require.ErrorAs(s.t, err, &old)
		require.Equal(s.t, start, old.Oldest)
	case missing:
		require.ErrorIs(s.t, err, eventlog.ErrMissing)
		s.checkWhole(got, want(q, gap.From), want(q, gap.To))
	default:
		require.NoError(s.t, err)
		s.checkWhole(got, want(q, s.log.Covered()), want(q, s.highest))
	}
}

// checkWhole checks that at least some events were read, and perhaps those that come next.
func (s *story) checkWhole(got, least, most []string) {
	require.GreaterOrEqual(s.t, len(got), len(least))
	require.LessOrEqual(s.t, len(got), len(most))
	require.Equal(s.t, most[:len(got)], got)
}

// memoryDir makes a directory in memory, if there can be one, for tests that write often.
func memoryDir(t require.TestingT) string {
	memory := "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		memory = ""
	}
	dir, err := os.MkdirTemp(memory, "events")
	require.NoError(t, err)
	return dir
}

func TestEventsAreReadAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir := memoryDir(t)
		defer os.RemoveAll(dir)
		s := &story{t: t, dir: dir, options: eventlog.Options{
			SegmentBytes: rapid.SampledFrom([]int64{200, 1000, 100_000}).Draw(t, "segment"),
			KeepBytes:    rapid.SampledFrom([]int64{3000, 1 << 30}).Draw(t, "kept")}}
		s.log = open(t, dir, s.options)
		defer func() { require.NoError(t, s.log.Close()) }()
		more := func() uint64 { return s.applied + rapid.Uint64Range(1, 30).Draw(t, "more") }
		t.Repeat(map[string]func(*rapid.T){
			"apply": func(*rapid.T) {
				to := more()
				apply(t, s.log, s.applied+1, to)
				s.applied = to
			},
			"snapshot":         func(*rapid.T) { s.sync(); s.snapshot = s.applied },
			"crash":            func(*rapid.T) { s.crash() },
			"is sent snapshot": func(*rapid.T) { s.jump(more()) },
			"fill":             func(*rapid.T) { s.fill() },
			"": func(*rapid.T) {
				s.highest = max(s.highest, s.applied)
				s.check()
			},
		})
	})
}

// jump gets a snapshot in place of entries.
func (s *story) jump(to uint64) {
	s.applied, s.snapshot = to, to
	require.NoError(s.t, s.log.Reach(to))
	s.sync()
}

// fill takes some of what is missing from another node, or hears that nobody has it.
func (s *story) fill() {
	gap, missing := s.log.Missing()
	if !missing {
		return
	}
	until := rapid.Uint64Range(gap.From+1, gap.To).Draw(s.t, "until")
	if rapid.IntRange(0, 5).Draw(s.t, "nobody has it") == 0 {
		require.NoError(s.t, s.log.GiveUp(until))
		return
	}
	require.NoError(s.t, s.log.Fill(until, entries(gap.From+1, until)))
}

func TestWhoFollowsGetsEachEventOnce(t *testing.T) {
	l := open(t, t.TempDir(), eventlog.Options{SegmentBytes: 500})
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := uint64(1); i <= 300; i++ {
			if err := take(l, i, entry(i)); err != nil {
				t.Error(err)
			}
		}
	})
	q := eventlog.Query{Pool: "a"}
	left := want(q, 300)
	for e, err := range l.Follow(t.Context(), q) {
		require.NoError(t, err)
		require.Equal(t, left[0], textsOf([]*dispatch.Event{e})[0])
		if left = left[1:]; len(left) == 0 {
			break
		}
	}
	writing.Wait() // what is left is of other pools
	require.NoError(t, l.Close())
	for _, err := range l.Follow(t.Context(), q) {
		require.ErrorIs(t, err, eventlog.ErrClosed)
	}
}

func TestWhoFollowsWaitsForWhatIsMissing(t *testing.T) {
	l := open(t, t.TempDir(), eventlog.Options{})
	apply(t, l, 1, 10)
	require.NoError(t, l.Reach(20))
	apply(t, l, 21, 30)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []*dispatch.Event
	for e, err := range l.Follow(ctx, eventlog.Query{All: true}) {
		require.NoError(t, err)
		if got = append(got, e); len(got) == len(entries(1, 10)) {
			require.NoError(t, l.Fill(15, entries(11, 15)))
			require.NoError(t, l.Fill(20, entries(11, 20)), "what is here already is dropped")
		}
		if len(got) == len(entries(1, 30)) {
			cancel()
		}
	}
	require.Equal(t, textsOf(entries(1, 30)), textsOf(got))
	require.NoError(t, l.Close())
}

func TestAQuietPoolIsNeverTooOld(t *testing.T) {
	l := open(t, t.TempDir(), eventlog.Options{SegmentBytes: 200, KeepBytes: 5000})
	q := eventlog.Query{Pool: "quiet"}
	for i := uint64(1); i <= 300; i += 30 {
		apply(t, l, i, i+29)
		page, err := l.Read(q)
		require.NoError(t, err)
		q.After = page.Next
		require.NoError(t, l.Sync())
	}
	_, err := l.Read(eventlog.Query{Pool: "quiet"})
	var old *eventlog.TooOldError
	require.ErrorAs(t, err, &old)
	require.Equal(t, l.Start(), old.Oldest)
	require.NoError(t, l.Close())
}

func TestOldEventsGo(t *testing.T) {
	l := open(t, t.TempDir(), eventlog.Options{SegmentBytes: 200, KeepFor: 100 * time.Second})
	for i := uint64(1); i <= 300; i++ {
		require.NoError(t, take(l, i, entry(i)))
		require.NoError(t, l.Sync())
	}
	require.Greater(t, l.Start().Index, uint64(190))
	require.LessOrEqual(t, l.Start().Index, uint64(200))
	require.NoError(t, l.Close())
}

func TestWrongEventsAreRefused(t *testing.T) {
	l := open(t, t.TempDir(), eventlog.Options{})
	apply(t, l, 1, 5)
	require.ErrorIs(t, take(l, 7, entry(8)), eventlog.ErrOrder)
	require.ErrorIs(t, l.Fill(3, nil), eventlog.ErrOrder)
	require.ErrorIs(t, l.GiveUp(3), eventlog.ErrOrder)
	require.NoError(t, l.Reach(10))
	events := entries(6, 10)
	slices.Reverse(events)
	require.ErrorIs(t, l.Fill(10, events), eventlog.ErrOrder)
	require.ErrorIs(t, l.Fill(8, entries(6, 10)), eventlog.ErrOrder)
	require.NoError(t, l.Fill(10, entries(6, 10)))
	require.NoError(t, l.Close())
	require.ErrorIs(t, take(l, 11, nil), eventlog.ErrClosed)
}

// TestEachFlippedBitIsFound flips each byte of a log's files in turn: the log is not opened, or not
// read, with an error that names the file, or all is read as it was; of the newest file's last
// record alone it cannot be told that it was not torn.
func TestEachFlippedBitIsFound(t *testing.T) {
	dir := memoryDir(t)
	defer os.RemoveAll(dir)
	l := open(t, dir, eventlog.Options{SegmentBytes: 400})
	apply(t, l, 1, 24)
	require.NoError(t, l.Close())
	whole := textsOf(entries(1, 24))
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Greater(t, len(paths), 3)
	found, cut := 0, 0
	for _, path := range paths {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		for i := range b {
			flipped := slices.Clone(b)
			flipped[i] ^= 0x10
			require.NoError(t, os.WriteFile(path, flipped, 0o600))
			got, err := readAll(dir)
			var damage *eventlog.DamageError
			switch {
			case errors.As(err, &damage):
				require.Equal(t, path, damage.File)
				found++
			default:
				require.NoError(t, err)
				if len(got) < len(whole) {
					require.Equal(t, whole[:len(got)], got)
					cut++
				} else {
					require.Equal(t, whole, got)
				}
			}
			require.NoError(t, os.WriteFile(path, b, 0o600))
		}
	}
	require.Greater(t, found, 500)
	require.Zero(t, cut, "what was made durable has a record behind it that says so")
}

func readAll(dir string) ([]string, error) {
	l, err := eventlog.Open(dir, eventlog.Options{SegmentBytes: 400, Logger: quiet})
	if err != nil {
		return nil, err
	}
	page, err := l.Read(eventlog.Query{All: true})
	return textsOf(page.Events), errors.Join(err, l.Abandon())
}

// TestAFullDisk appends while files cannot be written.
func TestAFullDisk(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, eventlog.Options{UnwrittenMax: 100 << 10})
	apply(t, l, 1, 10)
	require.NoError(t, l.Sync())
	release := l.Obstruct(errors.New("no space"))
	apply(t, l, 11, 20)
	require.ErrorContains(t, l.Sync(), "no space")
	unread := func() {
		t.Helper()
		_, err := l.Read(eventlog.Query{All: true, After: eventlog.Position{Index: 20, N: 1000}, Until: 30})
		require.ErrorIs(t, err, eventlog.ErrMissing, "nobody takes it that there are none")
	}
	unread()
	release()
	require.NoError(t, l.Sync(), "what was kept in memory is written")

	release = l.Obstruct(errors.New("no space"))
	apply(t, l, 21, 5000)
	release()
	require.ErrorContains(t, l.Sync(), "come again after a restart")
	unread()
	require.NoError(t, l.Abandon())
	l = open(t, dir, eventlog.Options{})
	apply(t, l, 1, 5000)
	got, err := all(t, l, eventlog.Query{All: true})
	require.NoError(t, err)
	require.Equal(t, textsOf(entries(1, 5000)), got)
	require.NoError(t, l.Close())
}
