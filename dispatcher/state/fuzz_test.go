package state

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// split returns the sections of a snapshot.
func split(t testing.TB, snapshot []byte) (sections [][]byte) {
	for r := bytes.NewReader(snapshot); r.Len() > 0; {
		b, err := readSection(r)
		require.NoError(t, err)
		sections = append(sections, bytes.Clone(b))
	}
	return sections
}

// FuzzRead reads snapshots one section of which is made up, with its right length and hash. What is
// accepted can be written, read again, and go on.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	require.NoError(f, filled(f).Write(&b))
	whole := split(f, b.Bytes())
	for i, s := range whole {
		f.Add(uint8(i), s)
	}
	f.Fuzz(func(t *testing.T, which uint8, made []byte) {
		var b bytes.Buffer
		for i, s := range whole {
			if i == int(which)%len(whole) {
				s = made
			}
			require.NoError(t, writeSection(&b, s))
		}
		m, err := Read(bytes.NewReader(b.Bytes()))
		if err != nil {
			return
		}
		_, err = again(m)
		require.NoError(t, err)
		_, _ = m.Apply(m.Index()+1, &replica.Entry{RuleVersion: 1, Time: timestamppb.New(m.Time()),
			Commands: []*replica.Command{{Kind: &replica.Command_Tick{Tick: &replica.Tick{}}}}})
		for key := range m.Workers() {
			_, err := m.Orders(key.Pool, key.Worker)
			require.NoError(t, err)
		}
	})
}

// FuzzApply applies made-up entries. An error changes nothing, and what is accepted keeps the state
// whole.
func FuzzApply(f *testing.F) {
	d := &replica.Entry{RuleVersion: 1, Time: timestamppb.New(start), NodeId: "n", Commands: []*replica.Command{
		{Kind: &replica.Command_CancelTasks{CancelTasks: &dispatch.CancelTasksRequest{Pool: "a", Ids: []string{taskID(1)}}}},
		{Kind: &replica.Command_Report{Report: &dispatch.Report{Pool: "a", Worker: "w1", BootId: "b", InstanceId: "i",
			Sequence: 9, Slots: 2, Epoch: 1, Leases: []*dispatch.LeaseReport{{LeaseId: taskID(2) + "/1", Phase: isLost}}}}},
		{Kind: &replica.Command_WipePool{WipePool: &dispatch.WipePoolRequest{Pool: "a"}}}}}
	for _, e := range []*replica.Entry{d, worldStart(), {}} {
		b, err := proto.Marshal(e)
		require.NoError(f, err)
		f.Add(b)
	}
	var snapshot bytes.Buffer
	require.NoError(f, filled(f).Write(&snapshot))
	f.Fuzz(func(t *testing.T, b []byte) {
		e := &replica.Entry{}
		if proto.Unmarshal(b, e) != nil {
			return
		}
		m, err := Read(bytes.NewReader(snapshot.Bytes()))
		require.NoError(t, err)
		hash := m.RollingHash()
		if _, err := m.Apply(m.Index()+1, e); err != nil {
			require.Equal(t, hash, m.RollingHash())
			var after bytes.Buffer
			require.NoError(t, m.Write(&after))
			require.Equal(t, snapshot.Bytes(), after.Bytes())
			return
		}
		require.NoError(t, checkInvariants(m))
		for _, p := range m.pools {
			require.False(t, p.failed(), p.status.GetFailure())
		}
		_, err = again(m)
		require.NoError(t, err)
	})
}
