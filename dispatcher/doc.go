// Package dispatcher serves pools over the network: people submit tasks, workers run them, and what
// was acknowledged is never lost.
//
// # The flow
//
//	people, programs        workers (one session each)
//	       │ calls                 │ reports      ▲ orders
//	       ▼                       ▼              │
//	┌──────────────────────────────────────────────────┐
//	│ api        who may, what is asked, limits         │  every node
//	│ sessions   which reports change anything,         │  the leader
//	│            who was silent for too long            │
//	└───────┬───────────────────────────────▲──────────┘
//	        │ commands                      │ outcomes, reads
//	        ▼                               │
//	┌──────────────────────────────────────────────────┐
//	│ proposer   gathers commands into entries, stamps  │  the leader
//	│            them with the time                     │
//	└───────┬───────────────────────────────▲──────────┘
//	        │ entries                       │ applied
//	        ▼                               │
//	┌────────────────┐   committed   ┌──────┴──────────┐
//	│ log            ├──────────────▶│ state           │  every node
//	│ raft, files    │   entries     │ a pure function │
//	└────────────────┘               └──────┬──────────┘
//	                                        │ events
//	                                        ▼
//	                                 the node's event log
//
// All that decides is in the state, which is a function as well: (state, entry) to (state,
// outcome). It reads no clock: the leader's time comes with each entry. All that waits, times out
// or talks is around it, and what that finds out becomes a command.
//
// # What is promised
//
//   - What was acknowledged is on a majority of the nodes' disks: a submit, a cancellation, a
//     change of an account, the end of a task.
//   - A task runs at least once, unless it is cancelled, expires or its attempts are used up. Two
//     workers never both run it within their leases: a worker that hears nothing stops its tasks at
//     the TTL, and the dispatcher gives them to another one only after TTL and grace.
//   - A call that ends with UNAVAILABLE or DEADLINE_EXCEEDED says nothing of whether its change was
//     made. Repeat it with the same request_id: its outcome is kept for 10 minutes.
//   - Not covered: a virtual machine that is paused and goes on later, a process that the kernel
//     cannot kill.
//
// # Packages
//
//	log        the narrow interface to what replicates, hashicorp/raft behind it, one in memory
//	state      the replicated state
//	eventlog   each node's files of events
//	journals   each node's journals of its pools; forecasts: when tasks start, by these
//	node       what runs on each node: proposer, clock, sessions, reads, comparison with the others
//	access     who may do what
//	api        the services
//	swarming   what LUCI Swarming asks of external pools
//	metrics    what Prometheus is told
//	client     what people's commands and programs call them with
//	qsched     the command
package dispatcher
