package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// Errors of Restore: nothing was changed.
var (
	// ErrNotEmpty says that a cluster with pools cannot be restored into.
	ErrNotEmpty = errors.New("a backup can be restored into an empty cluster alone")
	// ErrBadBackup says that a file is no backup, or is damaged.
	ErrBadBackup = errors.New("this is no backup that can be restored")
)

// Backup writes the state, with all that was acknowledged before the call. Like a snapshot, it
// holds up applying while what the schedulers know is made into bytes. Who takes it slowly takes
// it from a file.
func (n *Node) Backup(ctx context.Context, to io.Writer) error {
	if err := n.fresh(ctx, &dispatch.ReadOptions{}); err != nil {
		return err
	}
	file, err := n.temporary()
	if err != nil {
		return err
	}
	defer file.Close() // it is gone then
	var frozen *state.Snapshot
	n.machine.readSealed(func(m *state.Machine) { frozen, err = Freeze(m) })
	if err == nil {
		err = frozen.Write(file, n.machine.exclusive)
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = io.Copy(to, file)
	}
	return err
}

// Restore replaces the state of all nodes by that of a backup, if there is no pool. It returns the
// newest entry that is in the backup, and the rolling hash up to it.
func (n *Node) Restore(ctx context.Context, from io.Reader) (*dispatch.RestoreResponse, error) {
	if !n.restoring.TryLock() {
		return nil, fmt.Errorf("%w: another backup is being restored", ErrOverloaded)
	}
	defer n.restoring.Unlock()
	if err := n.checkEmpty(ctx); err != nil {
		return nil, err
	}
	s, err := state.Read(from, append(n.hooks.options(), state.WithSideBySide(SideBySide))...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadBackup, err)
	}
	s.Restore()
	file, err := n.temporary()
	if err != nil {
		return nil, err
	}
	defer file.Close() // it is gone then
	if err := s.Write(file); err != nil {
		return nil, err
	}
	bytes, err := file.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, err
	}
	if err := n.checkEmpty(ctx); err != nil {
		return nil, err
	}
	err = n.log.Restore(ctx, log.Backup{Index: s.Index(), Bytes: bytes, Content: file})
	if errors.Is(err, log.ErrNotLeader) {
		err = ErrNotLeader
	}
	if err != nil {
		return nil, err
	}
	n.logger.Info("a backup was restored", "index", s.Index())
	return &dispatch.RestoreResponse{Index: s.Index(),
		RollingHash: fmt.Sprintf("%x", s.RollingHash())}, nil
}

// checkEmpty returns an error if this node does not lead, or there are pools.
func (n *Node) checkEmpty(ctx context.Context) error {
	empty := false
	_, err := n.Read(ctx, nil, func(m *state.Machine) { empty = m.Empty() })
	if err == nil && !empty {
		err = ErrNotEmpty
	}
	return err
}

// temporary returns a new file without a name: it is gone when it is closed, or the process ends.
func (n *Node) temporary() (*os.File, error) {
	file, err := os.CreateTemp(n.dir, "state.tmp")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
