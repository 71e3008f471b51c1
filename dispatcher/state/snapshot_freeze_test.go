package state

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// A frozenState is a snapshot that is not written yet, and what its bytes must be.
type frozenState struct {
	snapshot *Snapshot
	want     []byte
}

func freeze(t require.TestingT, m *Machine) frozenState {
	var want bytes.Buffer
	require.NoError(t, m.Write(&want))
	s, err := m.Freeze()
	require.NoError(t, err)
	return frozenState{s, want.Bytes()}
}

func (f frozenState) check(t require.TestingT) {
	var got bytes.Buffer
	require.NoError(t, f.snapshot.Write(&got, func(f func()) { f() }))
	require.True(t, bytes.Equal(f.want, got.Bytes()), "a snapshot is of the state when it was frozen")
}

// ids returns those of all tasks of the pool of a load.
func (l *load) ids() (ids []string) {
	for task := range l.m.pools["lab"].byID.All() {
		ids = append(ids, task.id)
	}
	return ids
}

// cancel cancels tasks.
func (l *load) cancel(ids ...string) {
	l.apply(&replica.Command{Kind: &replica.Command_CancelTasks{
		CancelTasks: &dispatch.CancelTasksRequest{Pool: "lab", Ids: ids}}})
}

// TestEntriesGoOnWhileASnapshotIsWritten changes tasks before their sections are made and after,
// takes them out, and adds some, between the sections of a snapshot.
func TestEntriesGoOnWhileASnapshotIsWritten(t *testing.T) {
	l := newLoad(t, 10, 5000)
	const parts = 2*sectionsAtOnce + 1 // so that they are made in three turns
	l.m.sideBySide, l.m.pools["lab"].sectionTasks = atOnce, (len(l.ids())+parts-1)/parts
	ids := l.ids()
	l.cancel(ids[5]) // it has ended
	f := freeze(t, l.m)
	other := freeze(t, l.m) // two at a time
	turn := 0
	var got bytes.Buffer
	require.NoError(t, f.snapshot.Write(&got, func(make func()) {
		make()
		turn++
		for part := range 3 {
			l.cancel(ids[part*sectionsAtOnce*l.m.pools["lab"].sectionTasks+100+turn])
		}
		l.submit(3)
	}))
	require.Equal(t, 4, turn, "three times, and the end")
	require.True(t, bytes.Equal(f.want, got.Bytes()))
	require.NoError(t, checkInvariants(l.m))
	other.check(t)
	require.Empty(t, l.m.pools["lab"].frozen)
}

// errFull is that of a disk.
var errFull = errors.New("no space")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestNothingIsKeptForASnapshotThatIsGivenUp(t *testing.T) {
	l := newLoad(t, 10, 1000)
	for _, end := range []func(*Snapshot){
		func(s *Snapshot) { s.Release(); s.Release() },
		func(s *Snapshot) {
			require.ErrorIs(t, s.Write(fullDisk{}, func(f func()) { f() }), errFull)
		},
	} {
		s, err := l.m.Freeze()
		require.NoError(t, err)
		require.Len(t, l.m.pools["lab"].frozen, 1)
		end(s)
		require.Empty(t, l.m.pools["lab"].frozen)
	}
}
