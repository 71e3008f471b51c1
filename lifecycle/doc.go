// Package lifecycle follows the requests of a pool: it turns each operation and its outcome into
// changes of requests (arrived, started, moved, preempted, ended). It serves usage accounting,
// dashboards and comparisons of pools, and needs no pool beside it: a snapshot, operations and
// outcomes are enough.
//
//	f := lifecycle.New(p.Snapshot())
//	for each operation {
//		outcome, _ := p.Step(ctx, operation)
//		for _, change := range f.Step(operation, outcome) { ... }
//	}
//
// # The states of a request
//
//	   ┌──────────── Stopping ◀─────────────────────────────┬───── Preempted ──────┐
//	   │ Stopped       │  ▲                                 │                      │
//	   ▼       Arrived ▼  │ Expired Assigned       Started  │     Acknowledged     │
//	Unknown ─────────▶ Waiting ──────────────▶ Held ────▶ HandedOut ───────────▶ Running
//	         Arrived     ▲                      │           │                      │
//	                     └─────── Requeued ─────┴───────────┴──────────────────────┘
//	                         (or Preempted: held)
//
// Four changes are not drawn. Ended leads from each state of the lower row to Unknown. Updated
// gives a waiting request other content. Moved takes a request on a worker to another level.
// Adopted puts a request that waits, or is on another worker, where it was reported to run: it is
// then Running.
//
// The states on a worker are the stages of scheduler.Run. A task starts when its worker is first
// given it; where that was not seen, when it is first reported as running, which makes two changes,
// Started and Acknowledged, at one time. A held request that is preempted waits again, as no worker
// ever knew of it. A request that is preempted later, or that expires, leaves the pool by the
// pool's decision: it is Stopping, and cancelled, until the dispatcher reports it absent, or its
// worker gone, or the pool is wiped (Stopped), or until it is reported waiting (Arrived, from
// Stopping, which tells another try from a new request).
//
// Every change ends the time in the state before it, so the times between a request's changes add
// up to the time in which it was followed: see [Change.Spent], and the example.
//
// # Refused operations and old news
//
// Neither changes the pool, and neither is a change here: an operation with an error is passed
// over, and so is news that the pool ignored. One kind of old news is of use all the same: that a
// preempted task had been gone before its preemption. That is EndedBefore; the request stays
// Stopping until its cancellation is acknowledged.
//
// Within one operation the changes come in the order of the events; what follows from the answer,
// or from the operation alone, comes after them. A change has the time of its event, else that of
// the operation.
//
// # What it relies on
//
// A follower knows what the pool knows, not what really runs on a worker. It takes events at their
// word: it does not check that the pool keeps its rules. It must see all operations from its
// snapshot on. News of a request that it never saw gives a change from Unknown.
//
// More kinds of changes, and more facts of a request, may come: pass over kinds that you do not
// know.
//
// # Cost
//
// A step costs O(events and assignments of the outcome), but for worker_gone, which costs O(what
// must stop there), and delete_account and wipe, which look at all requests. The memory is that of
// the requests that the pool knows or stops, 150 to 300 bytes for each beside its texts; requests
// that are gone cost nothing.
package lifecycle
