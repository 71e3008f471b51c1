package state

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// filled returns a state with tasks, workers, results of request ids and usage.
func filled(t testing.TB) *Machine {
	m := New()
	at := start
	apply := func(commands ...*replica.Command) {
		_, err := m.Apply(m.Index()+1, &replica.Entry{RuleVersion: 1, Time: timestamppb.New(at), Commands: commands})
		require.NoError(t, err)
		at = at.Add(20 * time.Minute)
	}
	_, err := m.Apply(1, worldStart())
	require.NoError(t, err)
	submit := &replica.SubmitTasks{Request: &dispatch.SubmitTasksRequest{Pool: "a"}}
	for i := range 9 {
		account := []string{"", "red", "blue"}[i%3]
		submit.Request.Tasks = append(submit.Request.Tasks, &dispatch.TaskSpec{AccountId: account, Key: string(rune('a' + i)),
			Payload: &dispatch.TaskSpec_Opaque{Opaque: []byte("x")}})
		submit.Ids = append(submit.Ids, taskID(i+1))
	}
	report := &dispatch.Report{Pool: "a", Worker: "w1", BootId: "b", InstanceId: "i", Sequence: 1, Slots: 3,
		AcceptsWork: true, Epoch: 1}
	apply(&replica.Command{RequestId: "q", Identity: "ann", Kind: &replica.Command_SubmitTasks{SubmitTasks: submit}},
		&replica.Command{Kind: &replica.Command_Report{Report: report}})
	orders, err := m.Orders("a", "w1")
	require.NoError(t, err)
	report = proto.CloneOf(report)
	report.Sequence++
	for i, r := range orders.Runs {
		l := &dispatch.LeaseReport{LeaseId: r.GetLeaseId(), Slot: r.GetSlot(), Phase: isRunning}
		if i == 0 {
			l.Phase, l.Result = isFinished, &dispatch.Result{Outcome: &dispatch.Result_ExitCode{ExitCode: 1}}
		}
		report.Leases = append(report.Leases, l)
	}
	apply(&replica.Command{Kind: &replica.Command_Report{Report: report}})
	apply(&replica.Command{Kind: &replica.Command_Tick{Tick: &replica.Tick{}}})
	require.NoError(t, checkInvariants(m))
	return m
}

// TestADamagedSnapshotIsRefused flips every eleventh byte of a snapshot, and cuts it off there.
func TestADamagedSnapshotIsRefused(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, filled(t).Write(&b))
	whole := b.Bytes()
	for i := 0; i < len(whole); i += 11 {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x10
		_, err := Read(bytes.NewReader(damaged))
		require.ErrorIs(t, err, ErrBadSnapshot, "byte %d", i)
		_, err = Read(bytes.NewReader(whole[:i]))
		require.ErrorIs(t, err, ErrBadSnapshot, "cut at %d", i)
	}
	_, err := Read(bytes.NewReader(append(bytes.Clone(whole), 0)))
	require.ErrorIs(t, err, ErrBadSnapshot)
}

// TestUnknownRulesHalt shows that a replica stops at what it does not know, and that nothing
// changes then.
func TestUnknownRulesHalt(t *testing.T) {
	m := filled(t)
	var before, after bytes.Buffer
	require.NoError(t, m.Write(&before))
	unknown := &replica.Command{Kind: &replica.Command_Tick{Tick: &replica.Tick{}}}
	unknown.GetTick().ProtoReflect().SetUnknown([]byte{0xa0, 0x06, 0x01})
	inMap := &replica.Command{Kind: &replica.Command_CreatePool{CreatePool: &dispatch.CreatePoolRequest{
		Pool: "other", Accounts: map[string]*dispatch.AccountSettings{"a": {}}}}}
	inMap.GetCreatePool().GetAccounts()["a"].ProtoReflect().SetUnknown([]byte{0xa0, 0x06, 0x01})
	for name, e := range map[string]*replica.Entry{
		"in a map":      {RuleVersion: 1, Commands: []*replica.Command{inMap}},
		"version":       {RuleVersion: RuleVersion + 1},
		"no kind":       {RuleVersion: 1, Commands: []*replica.Command{{}}},
		"unknown field": {RuleVersion: 1, Commands: []*replica.Command{unknown}},
		"next rules": {RuleVersion: 1, Commands: []*replica.Command{{Kind: &replica.Command_RaiseRules{
			RaiseRules: &replica.RaiseRules{RuleVersion: RuleVersion + 1}}}}},
		"not UTF-8": {RuleVersion: 1, NodeId: "\xff"},
	} {
		_, err := m.Apply(m.Index()+1, e)
		require.ErrorIs(t, err, ErrUnknownRules, name)
	}
	_, err := m.Apply(m.Index(), &replica.Entry{RuleVersion: 1})
	require.ErrorIs(t, err, ErrOldIndex)
	require.NoError(t, m.Write(&after))
	require.Equal(t, before.Bytes(), after.Bytes())
}

// TestTimeNeverGoesBack gives entries old, missing and impossible times.
func TestTimeNeverGoesBack(t *testing.T) {
	m := filled(t)
	now := m.Time()
	for _, at := range []*timestamppb.Timestamp{nil, timestamppb.New(start), {Seconds: -5}, {Nanos: -1},
		{Seconds: 1 << 60}} {
		_, err := m.Apply(m.Index()+1, &replica.Entry{RuleVersion: 1, Time: at,
			Commands: []*replica.Command{{Kind: &replica.Command_Tick{Tick: &replica.Tick{}}}}})
		require.NoError(t, err)
		require.Equal(t, now, m.Time())
	}
}

// TestTheRollingHashTellsEntriesApart shows that another entry, or another order, gives another
// hash.
func TestTheRollingHashTellsEntriesApart(t *testing.T) {
	seen := map[[sha256.Size]byte]bool{}
	for _, nodes := range [][]string{{"n1", "n2"}, {"n2", "n1"}, {"n1"}, {"n2"}, {}} {
		m := New()
		for i, node := range nodes {
			_, err := m.Apply(uint64(i+1), &replica.Entry{RuleVersion: 1, NodeId: node})
			require.NoError(t, err)
		}
		require.False(t, seen[m.RollingHash()])
		seen[m.RollingHash()] = true
	}
}

// TestUsageIsSummed follows tasks over hours: what each level used adds up to the time on workers.
func TestUsageIsSummed(t *testing.T) {
	m := filled(t)
	got, err := m.GetUsage(&dispatch.GetUsageRequest{Pool: "a"})
	require.NoError(t, err)
	var used, ended int64
	for _, a := range got.GetAccounts() {
		ended += a.GetEndedTasks()
		for _, ms := range a.GetUsedMs() {
			used += ms
		}
	}
	// Three slots from minute 0 to 40 of the state's time; the pass at 20 gave the first one anew.
	require.EqualValues(t, 3*40*60_000, used)
	require.EqualValues(t, 1, ended)
	hour, err := m.GetUsage(&dispatch.GetUsageRequest{Pool: "a", Since: timestamppb.New(start.Add(time.Hour))})
	require.NoError(t, err)
	require.Empty(t, hour.GetAccounts())
}

// TestListsGoOnPageByPage walks all lists in pages of one.
func TestListsGoOnPageByPage(t *testing.T) {
	m := filled(t)
	var ids, slots, accounts, pools []string
	for token := ""; ; {
		got, err := m.ListTasks(&dispatch.ListTasksRequest{Pool: "a", PageSize: 1, PageToken: token})
		require.NoError(t, err)
		for _, task := range got.GetTasks() {
			ids = append(ids, task.GetId())
		}
		if token = got.GetNextPageToken(); token == "" {
			break
		}
	}
	for token := ""; ; {
		got, err := m.ListWorkers(&dispatch.ListWorkersRequest{Pool: "a", PageSize: 1, PageToken: token})
		require.NoError(t, err)
		slots = append(slots, got.GetWorkers()[0].GetWorker())
		if token = got.GetNextPageToken(); token == "" {
			break
		}
	}
	for token := ""; ; {
		got, err := m.ListAccounts(&dispatch.ListAccountsRequest{Pool: "a", PageSize: 1, PageToken: token})
		require.NoError(t, err)
		accounts = append(accounts, got.GetAccounts()[0].GetAccountId())
		if token = got.GetNextPageToken(); token == "" {
			break
		}
	}
	for token := ""; ; {
		got, err := m.ListPools(&dispatch.ListPoolsRequest{PageSize: 1, PageToken: token},
			func(pool string) bool { return pool != "b" })
		require.NoError(t, err)
		pools = append(pools, got.GetPools()[0].GetPool())
		if token = got.GetNextPageToken(); token == "" {
			break
		}
	}
	require.Len(t, ids, 9)
	require.IsIncreasing(t, ids)
	require.Equal(t, []string{"w1/0", "w1/1", "w1/2"}, slots)
	require.Equal(t, []string{"blue", "red"}, accounts)
	require.Equal(t, []string{"a", "x"}, pools)
	one, err := m.ListTasks(&dispatch.ListTasksRequest{Pool: "a", States: []dispatch.Task_State{failed}})
	require.NoError(t, err)
	require.Len(t, one.GetTasks(), 1)
}

// TestStateHashIsOfTheState shows that a pool's hash is the same for the same state, and another
// one after a change.
func TestStateHashIsOfTheState(t *testing.T) {
	m := filled(t)
	hash := func(m *Machine) string {
		got, err := m.InspectPool(&dispatch.InspectPoolRequest{Pool: "a"})
		require.NoError(t, err)
		return got.GetStateHash()
	}
	other, err := again(m)
	require.NoError(t, err)
	require.Len(t, hash(m), 64)
	require.Equal(t, hash(m), hash(other))
	_, err = m.Apply(m.Index()+1, &replica.Entry{RuleVersion: 1, Commands: []*replica.Command{{
		Kind: &replica.Command_SuspendAccount{SuspendAccount: &dispatch.SuspendAccountRequest{Pool: "a", AccountId: "red"}}}}})
	require.NoError(t, err)
	require.NotEqual(t, hash(m), hash(other))
}

// TestNextDueIsWhenSomethingIsForgotten lets time go on to what NextDue says, and finds it gone.
func TestNextDueIsWhenSomethingIsForgotten(t *testing.T) {
	m := filled(t)
	require.True(t, m.HasWork())
	apply := func(at time.Time, c *replica.Command) {
		_, err := m.Apply(m.Index()+1, &replica.Entry{RuleVersion: 1, Time: timestamppb.New(at),
			Commands: []*replica.Command{c}})
		require.NoError(t, err)
	}
	tick := &replica.Command{Kind: &replica.Command_Tick{Tick: &replica.Tick{}}}
	due, any := m.NextDue()
	require.True(t, any)
	require.Equal(t, start.Add(20*time.Minute+defaultRetention), due, "the task that failed")
	apply(due, tick)
	_, err := m.GetTask(&dispatch.GetTaskRequest{Pool: "a", Id: taskID(2)})
	require.Error(t, err)
	apply(due, &replica.Command{Kind: &replica.Command_WipePool{WipePool: &dispatch.WipePoolRequest{Pool: "a"}}})
	require.False(t, m.HasWork())
}
