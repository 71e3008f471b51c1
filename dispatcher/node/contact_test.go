package node

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/protos/dispatch"
)

func says(boot, instance string, sequence uint64) *dispatch.Report {
	return &dispatch.Report{BootId: boot, InstanceId: instance, Sequence: sequence}
}

func heardOf(boot, instance string, sequence uint64) *contact {
	return &contact{boot: boot, instance: instance, sequence: sequence, ttl: time.Minute}
}

func TestLateReportsChangeNothing(t *testing.T) {
	c := heardOf("b", "i", 5)
	fresh, err := c.admit(says("b", "i", 4), time.Second)
	require.NoError(t, err)
	require.False(t, fresh)
	require.Zero(t, c.heard, "a late report is no sign of life")
	fresh, err = c.admit(says("b", "i", 5), 2*time.Second)
	require.NoError(t, err)
	require.True(t, fresh, "a repeated one may be one whose answer was lost")
	require.Equal(t, 2*time.Second, c.heard)
}

func TestTheSameBootTakesOverAtOnce(t *testing.T) {
	c := heardOf("b", "i", 5)
	fresh, err := c.admit(says("b", "j", 1), time.Second)
	require.NoError(t, err)
	require.True(t, fresh)
	require.Equal(t, "j", c.instance)
}

func TestAnotherBootWaitsForTheTTL(t *testing.T) {
	c := heardOf("b", "i", 5)
	c.heard = 100 * time.Second
	_, err := c.admit(says("c", "j", 1), 159*time.Second)
	require.Equal(t, errEarly{wait: time.Second}, err)
	require.Equal(t, 100*time.Second, c.heard, "the old boot was not heard of by this")
	fresh, err := c.admit(says("c", "j", 1), 160*time.Second)
	require.NoError(t, err)
	require.True(t, fresh)
	require.Equal(t, "c", c.boot)

	c = heardOf("b", "", 0)
	c.expected = true
	_, err = c.admit(says("c", "j", 1), 61*time.Second)
	require.Equal(t, errEarly{wait: 9 * time.Second}, err, "a new leader adds the grace")
}

func TestCrashLoopIsNoContest(t *testing.T) {
	c := heardOf("b", "0", 1)
	for i := range 20 {
		_, err := c.admit(says("b", fmt.Sprint(i+1), 1), time.Duration(i)*time.Second)
		require.NoError(t, err, "process %d", i+1)
	}
	require.LessOrEqual(t, len(c.takeovers), takeoversKeptMost)
}

func TestTwoProcessesThatTakeTurnsAreBothRefused(t *testing.T) {
	c := heardOf("b", "i", 1)
	try := func(instance string, at time.Duration) error {
		_, err := c.admit(says("b", instance, 2), at)
		return err
	}
	require.NoError(t, try("j", 1*time.Second))
	require.NoError(t, try("i", 2*time.Second))
	require.ErrorIs(t, try("j", 3*time.Second), ErrContested)
	require.ErrorIs(t, try("i", 4*time.Second), ErrContested)
	require.ErrorIs(t, try("j", 40*time.Second), ErrContested)
	// i has ended. j goes on trying, and gets in a minute after i was last seen.
	require.ErrorIs(t, try("j", 64*time.Second), ErrContested)
	require.NoError(t, try("j", 65*time.Second))
	require.NoError(t, try("j", 66*time.Second))
}

func TestSilence(t *testing.T) {
	c := heardOf("b", "i", 1)
	c.heard = 200 * time.Second
	require.False(t, c.overdue(270*time.Second, 0))
	require.True(t, c.overdue(270*time.Second+1, 0))
	require.False(t, c.overdue(400*time.Second, 270*time.Second), "a new leader waits for 2 TTLs")
	require.True(t, c.overdue(401*time.Second, 270*time.Second))
	require.Equal(t, 10*time.Second, grace(time.Hour))
	require.Equal(t, time.Second/3, grace(2*time.Second))
}

func TestChangedMakesTheOldPictureTheNewOne(t *testing.T) {
	lists := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), rapid.IntRange(0, 5))
	picture := func(t *rapid.T, name string) *dispatch.Orders {
		o := &dispatch.Orders{Directive: dispatch.Orders_Directive(rapid.IntRange(0, 3).Draw(t, name))}
		for lease, where := range lists.Draw(t, name) {
			switch where {
			case 0, 1:
				o.Runs = append(o.Runs, &dispatch.Run{LeaseId: lease, Slot: int32(where)})
			case 2, 3:
				o.Stops = append(o.Stops, &dispatch.Stop{LeaseId: lease, Reason: dispatch.StopReason(where)})
			case 4:
				o.Recorded = append(o.Recorded, lease)
			}
		}
		return o
	}
	rapid.Check(t, func(t *rapid.T) {
		before, now := picture(t, "before"), picture(t, "now")
		o, items, ok := changed(before, now)
		where := places(before)
		if ok {
			require.Equal(t, items == 0, len(o.GetRuns())+len(o.GetStops())+len(o.GetRecorded()) == 0 &&
				before.GetDirective() == now.GetDirective())
			for lease, place := range places(o) {
				where[lease] = place
			}
		} else {
			where = places(now)
		}
		want := places(now)
		for lease, place := range where {
			if _, there := want[lease]; !there && place == "recorded" {
				delete(where, lease) // the worker has forgotten it anyway
			}
		}
		require.Equal(t, want, where)
	})
}

// places says what orders say of each lease.
func places(o *dispatch.Orders) map[string]string {
	m := map[string]string{}
	for _, r := range o.GetRuns() {
		m[r.GetLeaseId()] = fmt.Sprint("run in ", r.GetSlot())
	}
	for _, s := range o.GetStops() {
		m[s.GetLeaseId()] = fmt.Sprint("stop for ", s.GetReason())
	}
	for _, id := range o.GetRecorded() {
		m[id] = "recorded"
	}
	return m
}
