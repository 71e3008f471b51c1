// Package journals keeps a node's journals of its pools (package journal): what the pools were
// told, and the hashes of the outcomes, from the node's own applying.
//
// # Files
//
// Each pool has a folder of segments. A segment is a journal of its own, compressed with Zstandard:
// the pool's snapshot, then its steps.
//
//	lab/00000000000000000004.qsj.zst                        being written
//	lab/00000000000000051200-00000000000000101377.qsj.zst   whole: entries 51,201 to 101,377
//
// A segment begins when a pool is made or restored, and whenever the node takes a snapshot of its
// state, which has the pool's bytes in any case. Where one ends whole and the next one begins with
// the same entry, the two go on as one: a chain. [Journals.Open] reads the newest chain of a pool
// as one journal.
//
// # What is lost when
//
// After a crash the node begins with its newest snapshot, with which a segment has begun, and
// applies the entries after it once more: that segment is written anew, and the chain goes on. So
// only whole segments are made durable. A snapshot of another node, which this one gets when it is
// far behind, begins another chain.
//
// Nothing ever waits for these files. What the pools are told goes to a queue with a limit; one
// goroutine takes it from there. If the queue is full, or a file cannot be written, the pool's
// journal is cut: its segment ends, without being whole, and another chain begins with the node's
// next snapshot. [Journals.Cuts] counts that.
//
// The oldest segments are removed when all together are longer than Options.KeepBytes, or when they
// are older than Options.KeepFor.
package journals
