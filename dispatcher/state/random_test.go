package state

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

var start = time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)

// A dice makes random commands about few names, so that they meet.
type dice struct {
	t     *rapid.T
	m     *Machine
	next  int
	at    time.Time
	heard map[string]*dispatch.Report // the newest of each worker
}

func (d *dice) n(most int) int { return rapid.IntRange(0, most).Draw(d.t, "n") }

func (d *dice) oneOf(names ...string) string { return rapid.SampledFrom(names).Draw(d.t, "name") }

func (d *dice) pool() string { return d.oneOf("a", "a", "a", "b", "x", "none") }

func (d *dice) account() string { return d.oneOf("", "red", "red", "blue", "nobody") }

func (d *dice) worker() string { return d.oneOf("w1", "w2", "w3") }

func (d *dice) task(p string) string {
	if h := d.m.pools[p]; h != nil && h.byID.Len() > 0 && d.n(20) > 0 {
		ids := []string{}
		for t := range h.byID.All() {
			ids = append(ids, t.id)
		}
		return d.oneOf(ids...)
	}
	return d.oneOf("", "0000000000000000000000007X")
}

func taskID(n int) string { return fmt.Sprintf("01JGK3V6T0%016d", n) }

func (d *dice) spec() *dispatch.TaskSpec {
	s := &dispatch.TaskSpec{AccountId: d.account(), MaxAttempts: int32(d.n(2)),
		RetryOnFailure: int32(d.n(1)), OnDisconnect: dispatch.TaskSpec_OnDisconnect(d.n(2))}
	if d.n(3) == 0 {
		s.BaseLabels = []string{d.oneOf("os:a", "os:b")}
	}
	if d.n(3) == 0 {
		s.ProvisionableLabels = []string{d.oneOf("app:1", "app:2")}
	}
	switch d.n(6) {
	case 0:
		s.Key = d.oneOf("k1", "k2")
	case 1:
		s.Payload = &dispatch.TaskSpec_Opaque{Opaque: make([]byte, d.n(40_000))}
	default:
		s.Payload = &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{Command: []string{"true"}}}
	}
	return s
}

func (d *dice) submit() *replica.Command {
	r := &dispatch.SubmitTasksRequest{Pool: d.pool()}
	c := &replica.SubmitTasks{Request: r}
	for range 1 + d.n(3) {
		r.Tasks = append(r.Tasks, d.spec())
		if d.n(50) > 0 {
			d.next++
		}
		c.Ids = append(c.Ids, taskID(d.next))
	}
	return &replica.Command{Kind: &replica.Command_SubmitTasks{SubmitTasks: c}}
}

// report says mostly what a worker might, from its orders.
func (d *dice) report() *replica.Command {
	name, p := d.worker(), d.oneOf("a", "a", "a", "b", "x", "none")
	key := p + name
	r := proto.CloneOf(d.heard[key])
	if r == nil {
		r = &dispatch.Report{Pool: p, Worker: name, BootId: "boot0", InstanceId: "i0",
			AcceptsWork: true, Slots: 2, Epoch: uint64(d.n(1)), Labels: []string{"os:a", "os:b"}}
	}
	switch d.n(20) {
	case 0:
		r.BootId = fmt.Sprint("boot", d.n(30))
	case 1:
		r.InstanceId = fmt.Sprint("i", d.n(30))
	case 2:
		r.Slots = int32(d.n(4))
	case 3:
		r.AcceptsWork = !r.GetAcceptsWork()
	case 4:
		r.Labels = []string{d.oneOf("os:a", "os:b", "app:1")}
	}
	if d.n(5) == 0 {
		r.Epoch = uint64(d.n(2))
	}
	if d.n(15) > 0 {
		r.Sequence++
	}
	d.leases(r)
	d.heard[key] = r
	return &replica.Command{Kind: &replica.Command_Report{Report: proto.CloneOf(r)}}
}

func (d *dice) leases(r *dispatch.Report) {
	known := map[string]*dispatch.LeaseReport{}
	for _, l := range r.GetLeases() {
		known[l.GetLeaseId()] = l
	}
	if o, err := d.m.Orders(r.GetPool(), r.GetWorker()); err == nil {
		for _, run := range o.Runs {
			if known[run.GetLeaseId()] == nil && d.n(3) > 0 {
				r.Leases = append(r.Leases, &dispatch.LeaseReport{LeaseId: run.GetLeaseId(),
					Slot: run.GetSlot(), Phase: dispatch.Phase_PHASE_ACCEPTED})
			}
		}
		r.Leases = slices.DeleteFunc(r.Leases, func(l *dispatch.LeaseReport) bool {
			return slices.Contains(o.Recorded, l.GetLeaseId()) && d.n(3) > 0 || d.n(30) == 0
		})
	}
	if d.n(30) == 0 {
		r.Leases = append(r.Leases, &dispatch.LeaseReport{LeaseId: fmt.Sprint("stray/", d.n(3)),
			Slot: int32(d.n(3)), Phase: dispatch.Phase(d.n(8))})
	}
	for _, l := range r.GetLeases() {
		if d.n(2) == 0 {
			continue
		}
		l.Phase = max(l.GetPhase(), dispatch.Phase(1+d.n(6)))
		l.RunningFor = durationpb.New(time.Duration(d.n(60)) * time.Second)
		if d.n(3) == 0 {
			l.SavedFor = durationpb.New(time.Duration(d.n(40)) * time.Second)
		}
		if !alive(l.GetPhase()) && l.GetResult() == nil {
			l.Result = &dispatch.Result{Permanent: d.n(5) == 0, TimedOut: d.n(5) == 0}
			l.Result.Outcome = &dispatch.Result_ExitCode{ExitCode: int32(d.n(1))}
		}
	}
}

func (d *dice) silent() *replica.Command {
	p, name := d.pool(), d.worker()
	c := &replica.SilentWorker{Pool: p, Worker: name, BootId: "boot0", InstanceId: "i0", Sequence: uint64(d.n(30))}
	if w, ok := d.m.Worker(p, name); ok && d.n(3) > 0 {
		c.BootId, c.InstanceId, c.Sequence = w.Boot, w.Instance, w.Sequence
	}
	return &replica.Command{Kind: &replica.Command_SilentWorker{SilentWorker: c}}
}

func (d *dice) setAccount() *replica.Command {
	r := &dispatch.SetAccountRequest{Pool: d.pool(), AccountId: d.account(),
		Settings: &dispatch.AccountSettings{Config: &protos.AccountConfig{
			ChargeRate: []int64{int64(d.n(3)) * 500, int64(d.n(2)) * 500}, MaxCharge: durationpb.New(time.Hour),
			MaxFanout: int64(d.n(3))}, Balance: []int64{int64(d.n(2_000_000_000)), 0, 0, 0, 0}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{d.oneOf("charge_rate", "max_fanout", "balance", "wrong")}}}
	return &replica.Command{Kind: &replica.Command_SetAccount{SetAccount: r}}
}

// operator makes what those who run pools say.
func (d *dice) operator() *replica.Command {
	p, a, w := d.pool(), d.account(), d.oneOf("w1", "w2", "w1/0", "w3/1", "w9", "w 1")
	switch d.n(12) {
	case 0:
		return &replica.Command{Kind: &replica.Command_WipePool{WipePool: &dispatch.WipePoolRequest{Pool: p}}}
	case 1:
		return &replica.Command{Kind: &replica.Command_DeletePool{
			DeletePool: &dispatch.DeletePoolRequest{Pool: d.oneOf("b", "none", "a"), Force: d.n(3) == 0}}}
	case 2:
		return &replica.Command{Kind: &replica.Command_ResetBalance{
			ResetBalance: &dispatch.ResetBalanceRequest{Pool: p, AccountId: a}}}
	case 3:
		return &replica.Command{Kind: &replica.Command_SuspendAccount{
			SuspendAccount: &dispatch.SuspendAccountRequest{Pool: p, AccountId: a}}}
	case 4:
		return &replica.Command{Kind: &replica.Command_ResumeAccount{
			ResumeAccount: &dispatch.ResumeAccountRequest{Pool: p, AccountId: a}}}
	case 5:
		return &replica.Command{Kind: &replica.Command_DeleteAccount{
			DeleteAccount: &dispatch.DeleteAccountRequest{Pool: p, AccountId: a}}}
	case 6:
		return &replica.Command{Kind: &replica.Command_CordonWorker{
			CordonWorker: &dispatch.CordonWorkerRequest{Pool: p, Worker: w}}}
	case 7:
		return &replica.Command{Kind: &replica.Command_UncordonWorker{
			UncordonWorker: &dispatch.UncordonWorkerRequest{Pool: p, Worker: w}}}
	case 8:
		return &replica.Command{Kind: &replica.Command_Direct{Direct: &replica.Direct{Pool: p,
			Worker: w, Directive: dispatch.Orders_Directive(d.n(4))}}}
	case 9:
		return &replica.Command{Kind: &replica.Command_ConfigurePool{
			ConfigurePool: &dispatch.ConfigurePoolRequest{Pool: p, Settings: &dispatch.PoolSettings{
				Scheduler: &protos.Config{RequestExpiration: durationpb.New(time.Duration(d.n(3)) * time.Minute)},
				Bounds:    &dispatch.Bounds{EndedTasks: int64(d.n(5)), Workers: int64(d.n(8))}},
				UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{d.oneOf("scheduler.request_expiration",
					"bounds.ended_tasks", "bounds", "scheduler.accounts", "x")}}}}}
	case 10:
		return &replica.Command{Kind: &replica.Command_ConfirmIdle{ConfirmIdle: &replica.ConfirmIdle{Pool: p}}}
	}
	return d.setAccount()
}

func (d *dice) external() *replica.Command {
	at := timestamppb.New(d.at.Add(time.Duration(d.n(30)-15) * time.Second))
	op := &protos.Operation{Time: at}
	id, w := d.oneOf("r1", "r2", "r3"), d.oneOf("w1", "w2")
	switch d.n(4) {
	case 0:
		op.Kind = &protos.Operation_TaskWaiting{TaskWaiting: &protos.TaskWaiting{RequestId: id,
			AccountId: d.account(), EnqueueTime: at}}
	case 1:
		op.Kind = &protos.Operation_TaskRunning{TaskRunning: &protos.TaskRunning{RequestId: id, WorkerId: w}}
	case 2:
		op.Kind = &protos.Operation_TaskAbsent{TaskAbsent: &protos.TaskAbsent{RequestId: id}}
	case 3:
		op.Kind = &protos.Operation_AssignTasks{AssignTasks: &protos.AssignTasks{
			Workers: []*protos.IdleWorker{{WorkerId: w}}}}
	}
	return &replica.Command{Kind: &replica.Command_External{
		External: &replica.ExternalOperation{Pool: d.oneOf("x", "x", "a", "none"), Operation: op}}}
}

func (d *dice) command() *replica.Command {
	var c *replica.Command
	switch k := d.n(19); {
	case k < 4:
		c = d.submit()
	case k < 11:
		c = d.report()
	case k == 11:
		c = d.silent()
	case k == 12:
		p := d.pool()
		c = &replica.Command{Kind: &replica.Command_CancelTasks{CancelTasks: &dispatch.CancelTasksRequest{
			Pool: p, Ids: []string{d.task(p)}}}}
	case k < 15:
		c = &replica.Command{Kind: &replica.Command_Tick{Tick: &replica.Tick{}}}
	case k == 15:
		c = d.external()
	default:
		c = d.operator()
	}
	if d.n(4) == 0 {
		c.Identity, c.RequestId = d.oneOf("ann", "bob"), d.oneOf("q1", "q2", "q3", "q4")
	}
	return c
}

// entry makes the next entry.
func (d *dice) entry() *replica.Entry {
	d.at = d.at.Add(time.Duration(d.n(40_000)) * time.Millisecond)
	if d.n(40) == 0 {
		d.at = d.at.Add(25 * time.Hour)
	}
	e := &replica.Entry{RuleVersion: 1, Time: timestamppb.New(d.at)}
	for range 1 + d.n(3) {
		e.Commands = append(e.Commands, d.command())
	}
	return e
}

// worldStart makes the pools that random commands are about.
func worldStart() *replica.Entry {
	rich := &dispatch.AccountSettings{Config: &protos.AccountConfig{ChargeRate: []int64{1000, 1000},
		MaxCharge: durationpb.New(time.Hour)}, Balance: []int64{3_600_000_000, 100_000_000, 0, 0, 0}}
	create := func(r *dispatch.CreatePoolRequest) *replica.Command {
		return &replica.Command{Kind: &replica.Command_CreatePool{CreatePool: r}}
	}
	return &replica.Entry{RuleVersion: 1, Time: timestamppb.New(start), Commands: []*replica.Command{
		create(&dispatch.CreatePoolRequest{Pool: "a", Accounts: map[string]*dispatch.AccountSettings{
			"red": rich, "blue": {}}}),
		create(&dispatch.CreatePoolRequest{Pool: "b", Settings: &dispatch.PoolSettings{
			Bounds: &dispatch.Bounds{LiveTasks: 5, PayloadBytes: 1000, Workers: 3, EndedTasks: 3}}}),
		create(&dispatch.CreatePoolRequest{Pool: "x", External: true,
			Accounts: map[string]*dispatch.AccountSettings{"red": rich}}),
	}}
}

// checkChanges makes a report. If Changes denies that it changes anything, it is applied to a copy,
// in which the scheduler has forgotten no idle slot: nothing happens, and the orders stay.
func (d *dice) checkChanges(m *Machine) {
	r := d.report().GetReport()
	copied, err := again(m)
	require.NoError(d.t, err)
	apply := func(c *replica.Command) *replica.Outcome {
		got, err := copied.Apply(copied.Index()+1, &replica.Entry{RuleVersion: 1,
			Commands: []*replica.Command{c}})
		require.NoError(d.t, err)
		return got.Outcome
	}
	apply(&replica.Command{Kind: &replica.Command_ConfirmIdle{ConfirmIdle: &replica.ConfirmIdle{Pool: r.GetPool()}}})
	if copied.Changes(r) || Check(r) != nil {
		return
	}
	before, _ := copied.Orders(r.GetPool(), r.GetWorker())
	got := apply(&replica.Command{Kind: &replica.Command_Report{Report: r}})
	require.Empty(d.t, got.GetEvents())
	after, _ := copied.Orders(r.GetPool(), r.GetWorker())
	if before != nil {
		require.Empty(d.t, cmp.Diff(before.Runs, after.Runs, protocmp.Transform()))
		require.Empty(d.t, cmp.Diff(before.Stops, after.Stops, protocmp.Transform()))
	}
}

// requireAsMarshalled requires that the bytes of an outcome, of which the hash is made, and of its
// events, which are kept, are those of the whole messages.
func requireAsMarshalled(t *rapid.T, a *Applied) {
	want, err := deterministic.Marshal(a.Outcome)
	require.NoError(t, err)
	sealed := a.Seal(nil)
	require.Equal(t, want, sealed.bytes)
	sealed = a.Seal(sealed)
	require.Equal(t, want, sealed.bytes, "in used memory")
	events := sealed.EventBytes
	require.Len(t, events, len(a.Outcome.GetEvents()))
	for i, event := range a.Outcome.GetEvents() {
		want, err := deterministic.Marshal(event)
		require.NoError(t, err)
		require.Equal(t, want, events[i])
	}
}

// TestRandomEntriesKeepTheInvariants runs random commands, good and bad, and checks after each
// entry that the state is whole, that a second machine that goes through snapshots has the same
// outcomes, that Changes and Orders agree with what Apply does, and that nothing of an outcome
// changes afterwards: a third machine, whose entries are sealed much later, has the same hash; and
// that a snapshot which is written some entries after it was frozen is the one of then.
func TestRandomEntriesKeepTheInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, other, late := New(), New(), New()
		var unsealed []*Applied
		var frozen []frozenState
		d := &dice{t: t, m: m, at: start, heard: map[string]*dispatch.Report{}}
		in := worldStart()
		for index := uint64(1); index < 24; index++ {
			got, err := m.Apply(index, in)
			require.NoError(t, err)
			require.NoError(t, checkInvariants(m))
			requireAsMarshalled(t, got)
			if index == 1 {
				require.Len(t, m.pools, 3)
			}
			for _, p := range m.pools {
				require.False(t, p.failed(), p.status.GetFailure())
			}
			bytes, err := deterministic.Marshal(in)
			require.NoError(t, err)
			ran, err := late.Run(index, bytes)
			require.NoError(t, err)
			unsealed = append(unsealed, ran)
			again2, err := other.Apply(index, proto.CloneOf(in))
			require.NoError(t, err)
			require.Equal(t, got.Touched, again2.Touched)
			require.Equal(t, m.RollingHash(), other.RollingHash())
			if d.n(4) == 0 {
				other, err = again(other)
				require.NoError(t, err)
			}
			if d.n(5) == 0 {
				d.checkChanges(other)
			}
			if d.n(3) == 0 {
				frozen = append(frozen, freeze(t, m))
			}
			if d.n(5) == 0 && len(frozen) > 0 {
				frozen[0].check(t)
				frozen = frozen[1:]
			}
			in = d.entry()
		}
		for _, f := range frozen {
			f.check(t)
		}
		for _, p := range m.pools {
			require.Empty(t, p.frozen)
		}
		for _, a := range unsealed {
			late.Roll(a.Seal(nil))
		}
		require.Equal(t, m.RollingHash(), late.RollingHash())
	})
}
