// Package shadow runs a second pool beside a first one: it is fed the same operations under other
// settings, and counts how its decisions differ. The first pool decides exactly as it would alone,
// so that settings can be tried out beside a pool that serves a fleet.
//
//	            ┌──────────────────┐
//	operation ─▶│ main pool        │─▶ outcome, which alone the dispatcher sees
//	    │       └──────────────────┘        │
//	    │       ┌──────────────────┐        ▼
//	    └──────▶│ shadow           │─▶ compared and counted
//	            └──────────────────┘
//
// # What a shadow can say, and what it cannot
//
// A shadow gets the news of a world that obeys the main pool. It hears that a task runs where the
// main pool put it, takes that for true, and decides from there. So it shows, for each decision,
// what the other settings would have decided in nearly this situation. It does not show how the
// fleet would have fared, as the consequences of its own decisions never come about:
//
//   - What only the shadow starts does not start: the request waits on, and when the main pool has
//     it run, the shadow's assignment gives way. The worker that it stood for is taken back at that
//     worker's next news. Until then the shadow believes that it is busy, and pays for it.
//   - What only the shadow preempts runs on. The shadow has refunded its account, has forgotten the
//     task, and asks for its cancellation until the task is over.
//   - What only the main pool starts is adopted when it is reported as running, without a cost, at
//     the level that its account then has.
//   - Balances drift apart, and stay apart: the shadow charges the work that was really done to the
//     other settings.
//   - A decision that the shadow takes an operation earlier or later counts as two: one that only
//     one of them has, and one that only the other has.
//
// Package plan answers the other question, how waits would change, by a run of the pool in a world
// that obeys it.
//
// # Operations on accounts and settings
//
// The shadow keeps the settings that it was given, also when those of the main pool change:
//
//   - add_account for an account that the shadow's settings name gives that the balance of the
//     operation, and keeps the shadow's settings.
//   - add_account for an account that the main pool had when the shadow began, and that the
//     shadow's settings do not name, is passed over: it was left out on purpose.
//   - Any other add_account is followed as it is.
//   - delete_account, reset_balance, suspend_account and resume_account are followed, unless the
//     shadow has no such account. So is update_account, unless the shadow's settings name the
//     account.
//   - configure is passed over.
//
// # Words
//
// Text writes a report for people; as JSON, it is what encoding/json makes of it.
//
// # Cost
//
// A step costs what it costs in both pools, and O(events) to compare them. The shadow needs the
// memory of a second pool. It does not log.
package shadow
