package replay_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/scheduler"
)

var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// newPool returns a pool with two accounts.
func newPool(t testing.TB) *pool.Pool {
	t.Helper()
	earning := func(p scheduler.Priority) *scheduler.AccountConfig {
		c := &scheduler.AccountConfig{MaxCharge: time.Hour}
		c.ChargeRate[p] = scheduler.Workers(2)
		return c
	}
	p, err := pool.New(start, &scheduler.Config{
		Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{"cq": earning(0), "lab": earning(2)}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// operations returns n operations, one a minute: requests of two accounts wait, three workers pull,
// and what they are given runs for a while. One in ten is refused.
func operations(n int) []*protos.Operation {
	var all []*protos.Operation
	for i := range n {
		at := start.Add(time.Duration(i) * time.Minute)
		switch i % 10 {
		case 0, 1, 5, 6:
			all = append(all, pool.TaskWaiting(at, scheduler.TaskRequest{
				ID:          scheduler.RequestID(fmt.Sprint(i)),
				Account:     []scheduler.AccountID{"lab", "cq"}[i%2],
				EnqueueTime: at,
			}))
		case 2, 7:
			all = append(all, pool.AssignTasks(at,
				pool.IdleWorker("w0"), pool.IdleWorker("w1"), pool.IdleWorker("w2")))
		case 3, 8:
			all = append(all, pool.TaskAbsent(at, scheduler.RequestID(fmt.Sprint(i-13))))
		case 4:
			all = append(all, pool.GetCancellations(at))
		case 9: // is refused: it has no kind
			all = append(all, &protos.Operation{Time: timestamppb.New(at)})
		}
	}
	return all
}

// newJournal begins the journal of a pool.
func newJournal(t testing.TB, p *pool.Pool) (*bytes.Buffer, *journal.Writer) {
	t.Helper()
	file := &bytes.Buffer{}
	w, err := journal.NewWriter(file, journal.Beginning{Snapshot: p.Snapshot(),
		Header: &protos.JournalHeader{Pool: "lab"}})
	if err != nil {
		t.Fatal(err)
	}
	return file, w
}

// record returns the journal of a pool that is told operations, and the pool.
func record(t testing.TB, o replay.RecorderOptions, ops []*protos.Operation) ([]byte, *pool.Pool) {
	t.Helper()
	p := newPool(t)
	file, w := newJournal(t, p)
	rec := replay.NewRecorder(p, w, o)
	for _, op := range ops {
		if _, err := rec.Step(context.Background(), op); err != nil {
			require.ErrorIs(t, err, scheduler.ErrInvalid) // one in ten is refused
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), p
}

func open(t testing.TB, file []byte) *journal.Reader {
	t.Helper()
	r, err := journal.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func run(t testing.TB, file []byte, o replay.Options) *replay.Report {
	t.Helper()
	report, err := replay.Run(context.Background(), open(t, file), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
