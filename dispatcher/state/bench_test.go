package state

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// A load fills a state with many tasks and workers.
type load struct {
	t    testing.TB
	m    *Machine
	at   time.Time
	next int
	// sealed is the memory of what was sealed last.
	sealed *Sealed
}

func (l *load) apply(c ...*replica.Command) *replica.Outcome {
	l.at = l.at.Add(time.Millisecond)
	got, err := l.m.Apply(l.m.Index()+1, &replica.Entry{RuleVersion: 1, Time: timestamppb.New(l.at), Commands: c})
	require.NoError(l.t, err)
	for _, o := range got.Outcome.GetCommands() {
		require.Zero(l.t, o.GetCode(), o.GetError())
	}
	return got.Outcome
}

// submit makes n tasks of 10 accounts.
func (l *load) submit(n int) {
	c := &replica.SubmitTasks{Request: &dispatch.SubmitTasksRequest{Pool: "lab"}}
	for range n {
		l.next++
		c.Ids = append(c.Ids, taskID(l.next))
		c.Request.Tasks = append(c.Request.Tasks, &dispatch.TaskSpec{AccountId: fmt.Sprint("account", l.next%10),
			BaseLabels: []string{"os:linux", fmt.Sprint("model:", l.next%7)}, Tags: []string{"build:123456", "branch:main"},
			Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{Command: []string{"run", "--test", "suite.name"}}}})
	}
	l.apply(&replica.Command{Identity: "ci@example.com", Kind: &replica.Command_SubmitTasks{SubmitTasks: c}})
}

// report says that a machine is there, whose slots get tasks.
func (l *load) report(i int, sequence uint64, leases ...*dispatch.LeaseReport) {
	l.apply(&replica.Command{Kind: &replica.Command_Report{Report: &dispatch.Report{Pool: "lab",
		Worker: fmt.Sprint("host", i), BootId: "boot", InstanceId: "i", Sequence: sequence, Slots: 2, AcceptsWork: true,
		Labels: []string{"os:linux", fmt.Sprint("model:", i%7), fmt.Sprint("host:", i)}, Epoch: 1, Leases: leases}}})
}

func newLoad(t testing.TB, workers, tasks int) *load {
	l := &load{t: t, m: New(), at: start}
	accounts := map[string]*dispatch.AccountSettings{}
	for i := range 10 {
		accounts[fmt.Sprint("account", i)] = &dispatch.AccountSettings{Config: &protos.AccountConfig{
			ChargeRate: []int64{10_000}, MaxCharge: durationpb.New(time.Hour)}}
	}
	l.apply(&replica.Command{Kind: &replica.Command_CreatePool{CreatePool: &dispatch.CreatePoolRequest{
		Pool: "lab", Accounts: accounts, Settings: &dispatch.PoolSettings{Bounds: &dispatch.Bounds{LiveTasks: 2_000_000}}}}})
	for l.next < tasks {
		l.submit(1000)
	}
	for i := range workers {
		l.report(i, 1)
	}
	return l
}

// BenchmarkSubmit applies entries with 64 tasks to a pool in which many wait.
func BenchmarkSubmit(b *testing.B) {
	l := newLoad(b, 1000, 100_000)
	before := l.m.pools["lab"].counts[waiting]
	for b.Loop() {
		l.submit(64)
	}
	require.Equal(b, before+int64(64*b.N), l.m.pools["lab"].counts[waiting])
}

// BenchmarkSubmitAndCancel runs and seals entries that submit 1,000 tasks and cancel them, in a pool
// that has as many ended tasks as it keeps. The parts are measured apart.
func BenchmarkSubmitAndCancel(b *testing.B) {
	for _, part := range []string{"run", "seal"} {
		b.Run(part, func(b *testing.B) {
			l := newLoad(b, 10, 0)
			for range 110 {
				l.submitAndCancel(b, "")
			}
			ended := l.m.pools["lab"].counts[cancelled]
			b.ReportAllocs()
			for b.Loop() {
				l.submitAndCancel(b, part)
			}
			require.EqualValues(b, 100_000, ended)
			require.Equal(b, ended, l.m.pools["lab"].counts[cancelled])
		})
	}
}

// submitAndCancel does that with the timer of a benchmark running in one part.
func (l *load) submitAndCancel(b *testing.B, timed string) {
	b.StopTimer()
	defer b.StartTimer()
	part := func(name string, do func()) {
		if name == timed {
			b.StartTimer()
			defer b.StopTimer()
		}
		do()
	}
	for _, entry := range l.submitsAndCancels() {
		bytes, err := deterministic.Marshal(entry)
		require.NoError(b, err)
		var a *Applied
		part("run", func() { a, err = l.m.Run(l.m.Index()+1, bytes) })
		require.NoError(b, err)
		part("seal", func() { l.sealed = a.Seal(l.sealed) })
		l.m.Roll(l.sealed)
	}
}

// submitsAndCancels returns an entry with four commands that submit 250 tasks each, and one with
// those that cancel them.
func (l *load) submitsAndCancels() []*replica.Entry {
	l.at = l.at.Add(time.Millisecond)
	submits := &replica.Entry{RuleVersion: 1, Time: timestamppb.New(l.at), NodeId: "n1"}
	cancels := proto.CloneOf(submits)
	for range 4 {
		submit := &replica.SubmitTasks{Request: &dispatch.SubmitTasksRequest{Pool: "lab"}}
		for i := range 250 {
			l.next++
			submit.Ids = append(submit.Ids, taskID(l.next))
			submit.Request.Tasks = append(submit.Request.Tasks, &dispatch.TaskSpec{
				AccountId: fmt.Sprint("account", i%10), BaseLabels: []string{"os:linux"}, Tags: []string{"build:123456"},
				Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{Command: []string{"run", "--test", "suite.name"}}}})
		}
		submits.Commands = append(submits.Commands, &replica.Command{Identity: "ci@example.com",
			Kind: &replica.Command_SubmitTasks{SubmitTasks: submit}})
		cancels.Commands = append(cancels.Commands, &replica.Command{Identity: "ci@example.com",
			Kind: &replica.Command_CancelTasks{CancelTasks: &dispatch.CancelTasksRequest{Pool: "lab", Ids: submit.Ids}}})
	}
	return []*replica.Entry{submits, cancels}
}

// BenchmarkReport applies entries in which a machine has ended one task, and gets another.
func BenchmarkReport(b *testing.B) {
	l := newLoad(b, 1000, 100_000)
	sequence := uint64(1)
	i := 0
	for b.Loop() {
		if i++; i%1000 == 0 {
			l.submit(1000)
		}
		host := i % 1000
		if host == 0 {
			sequence++
		}
		s := l.m.pools["lab"].slotOf(fmt.Sprintf("host%d/0", host))
		l.report(host, sequence+1, &dispatch.LeaseReport{LeaseId: s.task.lease.id, Phase: isFinished,
			Result: &dispatch.Result{Outcome: &dispatch.Result_ExitCode{}}})
	}
	require.NotZero(b, l.m.pools["lab"].counts[succeeded])
}

// TestAMillionTasks measures what a million waiting tasks take: memory, and the time to write and
// read their snapshot. It runs if QSCHED_MILLION is set.
func TestAMillionTasks(t *testing.T) {
	if os.Getenv("QSCHED_MILLION") == "" {
		t.Skip("QSCHED_MILLION is not set")
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	empty := heap()
	l := newLoad(t, 1000, 1_000_000)
	perTask := (heap() - empty) / 1_000_000
	var b bytes.Buffer
	b.Grow(800 << 20)
	began := time.Now()
	require.NoError(t, l.m.Write(&b))
	wrote := time.Since(began)
	l.m = nil
	runtime.GC()
	began = time.Now()
	m, err := Read(bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	read := time.Since(began)
	t.Logf("%d bytes a task in memory; snapshot of %d MB written in %v, read in %v", perTask, b.Len()>>20, wrote, read)
	require.Len(t, m.pools["lab"].tasks, 1_000_000)
	require.Less(t, perTask, uint64(1300))
	require.Less(t, wrote, 6*time.Second)
	require.Less(t, read, 12*time.Second)
}
