package journals_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/journals"
	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/scheduler"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// A recorded is a pool whose steps go to journals.
type recorded struct {
	t     *testing.T
	to    *journals.Journals
	pool  *pool.Pool
	steps int
}

func newPool(t *testing.T, to *journals.Journals, index uint64) *recorded {
	p, err := pool.New(start, &scheduler.Config{})
	require.NoError(t, err)
	to.Begin("lab", index, [][]byte{p.AppendSnapshot(nil)})
	return &recorded{t: t, to: to, pool: p}
}

// step tells the pool something, some of which it refuses.
func (r *recorded) step(n int) {
	for range n {
		r.steps++
		at := start.Add(time.Duration(r.steps) * time.Second)
		op := pool.TaskWaiting(at, scheduler.TaskRequest{
			ID: scheduler.RequestID(fmt.Sprint("task-", r.steps)), EnqueueTime: at})
		if r.steps%10 == 0 {
			op = pool.DeleteAccount(at, "nobody")
		}
		outcome, _ := r.pool.Step(context.Background(), op)
		r.to.Step("lab", op, outcome)
	}
}

// snapshot says that the node took one.
func (r *recorded) snapshot(index uint64) {
	r.to.Begin("lab", index, [][]byte{r.pool.AppendSnapshot(nil)})
}

// options are those of most tests.
func options(t *testing.T, dir string) journals.Options {
	return journals.Options{Dir: dir, Writer: "a test", KeepBytes: 1 << 30, KeepFor: 24 * time.Hour,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

func open(t *testing.T, o journals.Options) *journals.Journals {
	j, err := journals.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	return j
}

// replayed runs the newest chain of the pool again, and returns the report.
func replayed(t *testing.T, j *journals.Journals) *replay.Report {
	t.Helper()
	c, err := j.Open(t.Context(), "lab")
	require.NoError(t, err)
	defer c.Close()
	var file bytes.Buffer
	require.NoError(t, c.Write(t.Context(), &file, journal.Zstd))
	r, err := journal.NewReader(&file)
	require.NoError(t, err)
	defer r.Close()
	report, err := replay.Run(t.Context(), r, replay.Options{Pool: "lab"})
	require.NoError(t, err)
	require.Nil(t, report.Difference)
	require.Nil(t, report.Torn)
	return report
}

// names are the files of the pool.
func names(t *testing.T, dir string) (names []string) {
	files, err := os.ReadDir(filepath.Join(dir, "lab"))
	require.NoError(t, err)
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

// One journal comes out of what was written in several segments, with all that came before it was
// asked for, and the states where they meet are compared, too.
func TestSegmentsGoOnAsOneJournal(t *testing.T) {
	dir := t.TempDir()
	j := open(t, options(t, dir))
	p := newPool(t, j, 4)
	p.step(25)
	p.snapshot(4) // of the same entry: nothing new begins
	p.step(100)
	p.snapshot(200)
	p.step(500)
	p.snapshot(5000)
	p.step(33)
	report := replayed(t, j)
	require.EqualValues(t, p.steps, report.Steps)
	require.EqualValues(t, 2, report.States)
	require.Equal(t, p.pool.Hash(), report.Pool.Hash())
	require.Equal(t, []string{"00000000000000000004-00000000000000000200.qsj.zst",
		"00000000000000000200-00000000000000005000.qsj.zst",
		"00000000000000005000.qsj.zst"}, names(t, dir))
	require.Zero(t, j.Cuts())
	require.Positive(t, j.Bytes())
}

// A node that starts again applies the entries after its snapshot once more: the segment that began
// with it is written anew, and the chain goes on.
func TestTheChainGoesOnAfterARestart(t *testing.T) {
	dir := t.TempDir()
	first := open(t, options(t, dir))
	p := newPool(t, first, 4)
	p.step(100)
	saved, steps := p.pool.AppendSnapshot(nil), p.steps
	p.snapshot(100)
	p.step(50) // which are lost with the process, and applied again
	require.NoError(t, first.Close())

	second := open(t, options(t, dir))
	restored, err := pool.RestoreBytes(saved)
	require.NoError(t, err)
	p = &recorded{t: t, to: second, pool: restored, steps: steps}
	second.Restart()
	p.snapshot(100)
	p.step(70)
	require.EqualValues(t, 170, replayed(t, second).Steps)

	second.Restart() // the snapshot of another node
	p.snapshot(1000)
	p.step(7)
	require.EqualValues(t, 7, replayed(t, second).Steps, "what was between is not known")
}

func TestAPoolThatIsGoneHasNoStepsAfterwards(t *testing.T) {
	j := open(t, options(t, t.TempDir()))
	p := newPool(t, j, 4)
	p.step(10)
	j.End("lab")
	p.step(10)
	require.EqualValues(t, 10, replayed(t, j).Steps)
	p = newPool(t, j, 30)
	p.step(3)
	require.EqualValues(t, 3, replayed(t, j).Steps, "another pool of that name has another journal")
	j.Step("other", pool.AssignTasks(start), &protos.Outcome{}) // which nobody could run
	_, err := j.Open(t.Context(), "other")
	require.ErrorIs(t, err, journals.ErrNone)
}

// A pool that is told more than may wait while the files are slow is cut, and nobody waits for them.
// What comes after its next snapshot is a journal again.
func TestAJournalIsCutWhenFilesAreSlow(t *testing.T) {
	var slow sync.Mutex
	o := options(t, t.TempDir())
	o.QueueBytes = 1000
	o.Now = func() time.Time {
		slow.Lock()
		defer slow.Unlock()
		return time.Now()
	}
	j := open(t, o)
	slow.Lock()
	p := newPool(t, j, 4)
	p.step(100)
	require.EqualValues(t, 1, j.Cuts())
	p.snapshot(500) // which may come while the one before waits
	slow.Unlock()
	replayed(t, j)
	p.snapshot(600)
	p.step(1)
	require.EqualValues(t, 1, replayed(t, j).Steps)
}

func TestAJournalIsCutWhenItCannotBeWritten(t *testing.T) {
	o := options(t, t.TempDir())
	folder := filepath.Join(o.Dir, "lab")
	require.NoError(t, os.WriteFile(folder, nil, 0o600))
	j := open(t, o)
	p := newPool(t, j, 4)
	p.step(10)
	_, err := j.Open(t.Context(), "lab")
	require.Error(t, err)
	require.EqualValues(t, 1, j.Cuts())
	require.NoError(t, os.Remove(folder))
	p.snapshot(500)
	p.step(1)
	require.EqualValues(t, 1, replayed(t, j).Steps)
}

func TestOldSegmentsAreRemoved(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	o := options(t, dir)
	o.Now = func() time.Time { return now }
	j := open(t, o)
	p := newPool(t, j, 4)
	p.step(10)
	p.snapshot(10)
	p.step(10)
	replayed(t, j)
	now = now.Add(25 * time.Hour)
	p.snapshot(20)
	replayed(t, j)
	require.Len(t, names(t, dir), 1, "the last one is being written")

	o.KeepBytes = 1
	open(t, o)
	require.NoDirExists(t, filepath.Join(dir, "lab"))
}
