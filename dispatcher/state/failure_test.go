package state

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// TestAPanicStopsOnePool plants a panic at any operation of a pool, at the same one in two
// machines, of which one goes through snapshots: they stay equal, that pool alone has failed and
// refuses, its tasks can be looked at, and it can be deleted and made again.
func TestAPanicStopsOnePool(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(3, 40).Draw(t, "operation")
		plant := func() Option {
			n := 0
			return WithFault(func(pool string, _ *protos.Operation) {
				if pool != "a" {
					return
				}
				if n++; n == at {
					panic("planted")
				}
			})
		}
		m, other := New(plant()), New(plant())
		fault := other.fault // keeps counting in the machines that are read
		d := &dice{t: t, m: m, at: start, heard: map[string]*dispatch.Report{}}
		in, stacks := worldStart(), ""
		for index := uint64(1); index < 14; index++ {
			for _, x := range []*Machine{m, other} {
				got, err := x.Apply(index, proto.CloneOf(in))
				require.NoError(t, err)
				stacks += strings.Join(got.Stacks, "\n")
				require.NoError(t, checkInvariants(x))
			}
			require.Equal(t, m.RollingHash(), other.RollingHash())
			if index%3 == 0 {
				var err error
				other, err = again(other, WithFault(fault))
				require.NoError(t, err)
			}
			in = d.entry()
		}
		p := m.pools["a"]
		if p == nil || !p.failed() {
			return
		}
		require.Regexp(t, `^planted, in entry \d+, at an operation [a-z_]+$`, p.status.GetFailure())
		require.Contains(t, stacks, "(*hosted).apply")
		require.False(t, m.pools["x"].failed())
		got, err := m.InspectPool(&dispatch.InspectPoolRequest{Pool: "a"})
		require.NoError(t, err)
		require.True(t, got.GetSummary().GetStatus().GetFailed())
		list, err := m.ListTasks(&dispatch.ListTasksRequest{Pool: "a", PageSize: 1000})
		require.NoError(t, err)
		require.Len(t, list.GetTasks(), len(p.tasks))
		_, err = m.ListWorkers(&dispatch.ListWorkersRequest{Pool: "a"})
		require.ErrorContains(t, err, "was stopped by a failure")
		refused, err := m.Apply(30, &replica.Entry{RuleVersion: 1, Commands: []*replica.Command{
			d.inPoolA(), {Kind: &replica.Command_DeletePool{DeletePool: &dispatch.DeletePoolRequest{Pool: "a", Force: true}}},
			{Kind: &replica.Command_CreatePool{CreatePool: &dispatch.CreatePoolRequest{Pool: "a"}}}, d.inPoolA()}})
		require.NoError(t, err)
		var codes []uint32
		for _, o := range refused.Outcome.GetCommands() {
			codes = append(codes, o.GetCode())
		}
		require.Equal(t, []uint32{9, 0, 0, 0}, codes)
	})
}

// inPoolA is a command that pool a accepts unless it has failed.
func (d *dice) inPoolA() *replica.Command {
	return &replica.Command{Kind: &replica.Command_CordonWorker{
		CordonWorker: &dispatch.CordonWorkerRequest{Pool: "a", Worker: "w"}}}
}
