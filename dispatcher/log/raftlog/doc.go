// Package raftlog is a log of hashicorp/raft with raft-wal's files.
//
// # A directory
//
//	lock          held by the process that uses the directory
//	node.json     whose it is: cluster, node, and the directory's own id; and the format of the rest
//	peers.json    the directories of the other nodes, by their ids, as this node has met them
//	applied       the newest entry that was applied here, a second ago
//	wal/          the entries, in segments of 64 MB, and meta: the segments' list, the term, the vote
//	snapshots/    the newest two snapshots
//
// A directory of another node, cluster or format, or one that is half there, is refused before
// anything changes. A node that comes with a directory other than the one that its id was met with
// is refused by its peers, as it has forgotten what it acknowledged: it needs a new id.
//
// # What is durable
//
// An entry is acknowledged when a majority has it on disk (fsync). Each entry has a CRC-32C of its
// own, as have meta, applied and what a snapshot says of itself; its content has the CRC of raft
// and the machine's own checks. What is damaged is found when it is read, and named; the node does
// not start with it. A torn tail of the log, as loss of power leaves it, is cut: what was there was
// not acknowledged. If the cut goes below an entry that was applied before, the node does not
// start: that was no torn tail.
//
// # Disks
//
// A write that takes longer than Options.WriteLimit ends the process: a leader whose disk hangs
// would go on to lead, and a write that is given up may still land. A write that fails, as on a
// full disk, makes a leader step down and a follower refuse entries until writing works again; the
// alarm stands in Status.
//
// # Snapshots
//
// One is taken after SnapshotBytes or SnapshotEntries since the last, or when applying what came
// since took SnapshotApplying, as a restart takes that long once more. Machine.Snapshot holds up
// applying; writing what it returns happens beside. A leader whose last one held it up for long
// hands over first.
package raftlog
