// Package log replicates entries: what is appended is on a majority of the nodes' disks before
// anybody hears of it, and every node applies the same entries in the same order.
//
// The interface is narrow, so that what is behind it can be another engine: hashicorp/raft with its
// write-ahead log for servers, one in memory for tests.
package log

import (
	"context"
	"errors"
	"io"
	"time"
)

// A Log is one node's part of a replicated log. All methods may be called from any goroutine.
type Log interface {
	// Append proposes an entry and returns when it is applied on this node: its index, and what
	// Machine.Apply returned. An error that wraps ErrNotLeader means that nothing was appended. Any
	// other error, ErrUnknown among them, means that the entry may be in the log or get into it.
	Append(ctx context.Context, entry []byte) (index uint64, result any, err error)
	// Begin proposes an entry as Append does, after those of all calls that have returned, and returns
	// when it is in the hands of the log. The rest of Append is what it returns, to be called once.
	Begin(ctx context.Context, entry []byte) (end func() (index uint64, result any, err error))
	// VerifyLeader asks a majority whether this node leads. If it returns nil, all that was
	// acknowledged before the call is applied on this node.
	VerifyLeader(ctx context.Context) error
	// Wait returns when the entry of this index is applied on this node.
	Wait(ctx context.Context, index uint64) error
	// Status is what this node knows now.
	Status() Status
	// Leading sends true when this node starts to lead and has applied all entries of before, and
	// false when it stops. There is one receiver.
	Leading() <-chan bool
	// Snapshot takes a snapshot now.
	Snapshot(ctx context.Context) error
	// Restore replaces the state of all nodes, for a log whose machines hold nothing yet. It returns
	// when a majority has it. Entries that were on their way may be lost.
	Restore(ctx context.Context, b Backup) error
	// AddMember adds a node, first without a vote, and with one when it has caught up.
	AddMember(ctx context.Context, id, address string) error
	// RemoveMember removes a node.
	RemoveMember(ctx context.Context, id string) error
	// Transfer hands the lead to a node; an empty id means the one that is furthest.
	Transfer(ctx context.Context, id string) error
	// Close ends it. Calls under way end with errors.
	Close() error
}

// A Machine is what entries are applied to. Its methods are called one at a time; a snapshot is
// written beside them.
type Machine interface {
	// Apply runs an entry. An error means that this replica cannot go on: the log stops on this node,
	// with the error as an alarm, and its files stay as they are.
	Apply(index uint64, entry []byte) (result any, err error)
	// Snapshot begins a snapshot of the whole state as it is now.
	Snapshot() (Snapshot, error)
	// ReadSnapshot replaces the whole state, or returns an error and changes nothing.
	ReadSnapshot(r io.Reader) error
}

// A Snapshot is a state as it was when its machine was asked for it.
type Snapshot interface {
	// Write writes it, while entries are applied.
	Write(w io.Writer) error
	// Close says that it is not needed any more, written or not.
	Close()
}

// A Backup is a state that a Machine has written.
type Backup struct {
	// Index is the newest entry that is in it: those to come have greater ones.
	Index uint64
	// Bytes is how long it is.
	Bytes int64
	// Content is what was written.
	Content io.Reader
}

// Status is what a node knows of a log.
type Status struct {
	NodeID   string
	LeaderID string // empty if none is known
	Leading  bool
	Term     uint64
	// Committed, Applied and Snapshot are the newest entries that are; Applied ≤ Committed.
	Committed, Applied, Snapshot uint64
	Members                      []Member
	// Alarms are what is wrong with this node; empty if nothing.
	Alarms []string
}

// A Member is a node of a log.
type Member struct {
	ID      string
	Address string
	Voter   bool
	// HeardAgo is how long ago the leader heard of it; known on the leader alone, else negative.
	HeardAgo time.Duration
}

// Errors of a log.
var (
	// ErrNotLeader says that another node leads, or none; nothing was appended.
	ErrNotLeader = errors.New("this node does not lead")
	// ErrUnknown says that an entry may be appended or not.
	ErrUnknown = errors.New("it is not known whether the entry was appended")
	// ErrClosed says that the log was closed or has stopped.
	ErrClosed = errors.New("the log is closed")
)
