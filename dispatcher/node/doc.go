// Package node is what runs on each node of a dispatcher: it proposes commands, applies entries,
// keeps the workers' sessions, answers reads, and compares itself with the other nodes.
//
// # What runs
//
//	Node.Run          until its context ends: follows the log's lead, and exchanges with the peers
//	 ├─ lead          while this node leads: proposer, ticks, the search for silent workers
//	 └─ exchange      every second: wall clocks, rule versions, hashes
//	machine           on the log's goroutine: entries into the state
//	 └─ sealer        while there are entries that it is behind by: rolling hash, event log
//	Propose, Read,    on the callers' goroutines
//	Session, Sync
//
// # What the leader alone remembers
//
// Which workers were heard of when, and which orders they were sent, is in no entry: a new leader
// begins anew. It lets nothing end by silence in the first two TTLs, and sends complete orders to
// everyone. What is remembered never decides what is acknowledged.
//
// # Locks
//
// The state has one lock, held by the log's goroutine while it applies an entry, and by readers.
// The sessions and the sealer have ones of their own, which may be taken while the first one is
// held, and never the other way round. None of them is held while anything is sent, and no method
// of the log is called under them.
package node
