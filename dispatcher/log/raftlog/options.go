package raftlog

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"regexp"
	"time"

	"github.com/hashicorp/raft"
	"github.com/hashicorp/raft-wal/types"

	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"
	"github.com/quotasched/quotasched/dispatcher/log/peers"
)

// Options say how a node is opened.
type Options struct {
	// Dir is where its files are; it is made if it is missing.
	Dir string
	// NodeID is its id: a lower-case letter, then at most 62 lower-case letters, digits and dashes.
	NodeID string
	// Bootstrap are the first members of a new cluster, the same on each of them. Without any, a
	// node that has no Peers is a cluster by itself, and one that has them waits until it is added.
	// It is of no account for a node that has entries already.
	Bootstrap []Address
	// Peers says how nodes talk to each other; nil for a node alone.
	Peers *peers.Options
	// Advertise is where the other nodes reach this one; empty means where Peers listens.
	Advertise string
	// Logger is required.
	Logger *slog.Logger

	// Heartbeat, Election and Lease are raft's: how long a follower that hears nothing waits before
	// an election, how long that may take, and after how long a leader that hears of no majority
	// steps down. 0 means 500 ms, 500 ms, 300 ms.
	Heartbeat, Election, Lease time.Duration
	// WriteLimit is how long a write to disk may take; 0 means 1 s.
	WriteLimit time.Duration
	// Exit ends the process, with 70; nil means os.Exit.
	Exit func(code int)
	// SnapshotBytes and SnapshotEntries since the last snapshot make a new one due; 0 means 64 MB
	// and 50,000. Nodes wait for up to a quarter more, by their ids, so that not all take one at the
	// same entry.
	SnapshotBytes, SnapshotEntries uint64
	// SnapshotApplying is how long applying may take, all in all, since the last snapshot until a new
	// one is due, since a restart does it all again; 0 means 2 s. It is at least twice as long as the
	// last snapshot held up. A leader of others does not count it: it would hand over often.
	SnapshotApplying time.Duration
	// KeepBytes and KeepEntries are what is kept of the entries before a snapshot, so that a node
	// that was away need not be sent the snapshot; 0 means 32 MB and 10,000. Fewer are kept of large
	// entries.
	KeepBytes, KeepEntries uint64
	// InFlight is how many batches of entries may be on the way to a follower; 0 means 1. With more of
	// them raft may leave a follower behind for good, and nothing is gained, as BenchmarkInFlight
	// says: while one batch is on the way, the next one grows.
	InFlight int
	// HandOver is how long a snapshot has to hold up a leader for it to hand over before the next
	// one; 0 means 500 ms, and a negative one never.
	HandOver time.Duration
	// SegmentBytes is the size of a segment of the log; 0 means 64 MB.
	SegmentBytes int

	// Failpoints end the process at a moment; nil means never.
	Failpoints *failpoint.Plan
	// Transport is used in place of Peers, by tests.
	Transport raft.Transport
	// Files are used in place of the file system for the log, by tests.
	Files types.VFS
}

// An Address is where a node is.
type Address struct{ ID, Address string }

var validID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

func (o Options) withDefaults() Options {
	o.Heartbeat = cmp.Or(o.Heartbeat, 500*time.Millisecond)
	o.Election = cmp.Or(o.Election, 500*time.Millisecond)
	o.Lease = cmp.Or(o.Lease, 300*time.Millisecond)
	o.WriteLimit = cmp.Or(o.WriteLimit, time.Second)
	o.SnapshotBytes = cmp.Or(o.SnapshotBytes, 64<<20)
	o.SnapshotEntries = cmp.Or(o.SnapshotEntries, 50_000)
	o.SnapshotApplying = cmp.Or(o.SnapshotApplying, 2*time.Second)
	o.KeepBytes = cmp.Or(o.KeepBytes, 32<<20)
	o.KeepEntries = cmp.Or(o.KeepEntries, 10_000)
	o.InFlight = cmp.Or(o.InFlight, 1)
	o.HandOver = cmp.Or(o.HandOver, 500*time.Millisecond)
	o.SegmentBytes = cmp.Or(o.SegmentBytes, 64<<20)
	if o.Exit == nil {
		o.Exit = os.Exit
	}
	if len(o.Bootstrap) == 0 && o.Peers == nil && o.Transport == nil {
		o.Bootstrap = []Address{{o.NodeID, "alone:" + o.NodeID}}
	}
	return o
}

// staggered is a number of bytes or entries, and up to a quarter more.
func (o Options) staggered(n uint64) uint64 {
	return n + n/4*uint64(crc32.ChecksumIEEE([]byte(o.NodeID))%8)/8
}

func (o Options) check() error {
	switch {
	case o.Dir == "":
		return errors.New("no directory is given")
	case !validID.MatchString(o.NodeID):
		return fmt.Errorf("node id %q: want a lower-case letter, then at most 62 lower-case "+
			"letters, digits and dashes", o.NodeID)
	case o.Logger == nil:
		return errors.New("no logger is given")
	}
	seen, self := map[string]bool{}, len(o.Bootstrap) == 0
	for _, a := range o.Bootstrap {
		switch {
		case !validID.MatchString(a.ID):
			return fmt.Errorf("bootstrap: node id %q is not valid", a.ID)
		case a.Address == "":
			return fmt.Errorf("bootstrap: node %s has no address", a.ID)
		case seen[a.ID] || seen[a.Address]:
			return fmt.Errorf("bootstrap: %s=%s comes twice", a.ID, a.Address)
		}
		seen[a.ID], seen[a.Address] = true, true
		self = self || a.ID == o.NodeID
	}
	if !self {
		return fmt.Errorf("bootstrap: this node, %s, is not among the members", o.NodeID)
	}
	if len(o.Bootstrap) > 1 && o.Peers == nil && o.Transport == nil {
		return errors.New("bootstrap: several members need an address for peers to listen on")
	}
	return nil
}
