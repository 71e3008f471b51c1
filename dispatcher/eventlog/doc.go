// Package eventlog keeps a node's events in files, in order, for those who follow them.
//
// Events have positions: the entry of the replicated log that brought them, and a number within it.
// Each node writes them from its own applying, and as every node applies the same entries, the
// events are the same everywhere. An entry that is applied again after a restart brings events that
// are here already, which are dropped.
//
// # What is durable
//
// Append gathers; Sync makes durable. What is lost before Sync comes again, as long as the entry
// does: so Sync goes before each snapshot of the replicated state, after which entries are
// forgotten. A node that gets a snapshot in place of entries lacks their events. Reach notes that,
// Missing says which, and Fill takes them from another node. Readers come no further than what is
// missing.
//
// # Files
//
//	ENTRY-N.events   a segment, named after the position before its first event, in hexadecimal
//	ENTRY-N.index    of a segment that is full: where its events are, and of which pools
//	gaps.json        the entries whose events are missing
//
// A segment is a head (8 bytes of magic, the position before it) and records:
//
//	mark (2 bytes)   length of the rest (4)   CRC-32C of the rest (4)
//	rest: kind (1)   entry (8)   number (4)   time (8, ns)   length of pool (1)   pool   event
//
// The numbers are little-endian. A record of kind 2 has no event: all events of entries up to its
// own are before it. A torn tail is cut when the log is opened. A record that is damaged with whole
// ones behind it is an error that names the file and the place.
//
// # Limits
//
// The oldest segments go when there is more than KeepBytes, or when they are older than KeepFor, as
// the events' own times say. Who asks for what is gone gets a TooOldError with the oldest position
// that there is. Readers read files; nothing waits for them, and nothing is held for them.
//
// If the disk is full, events stay in memory, up to UnwrittenMax bytes, and Sync fails. Beyond that
// they are dropped, and are missing as after a snapshot.
package eventlog
