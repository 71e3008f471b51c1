// Package plan says what other quotas would change: the same recorded input goes through the real
// scheduler and reconciler twice, under the old settings and under the new ones, and the waits,
// completions and losses of each account are compared.
//
//	                          ┌─ fork under the old settings ─▶ figures ─┐
//	snapshot ──┐              │                                          ├─▶ Plan
//	           ├─ the world ──┤                                          │   who is harmed, by how
//	steps ─────┘  as recorded └─ fork under the new settings ─▶ figures ─┘   much; broken thresholds
//
// Both forks begin with the recorded pool, reconfigured (see pool.Reconfigure): an account keeps
// the balance that it had, and one that is new begins with what the settings say. Requests come,
// and workers are there, as package history found them in the record; tasks run for as long as
// they did. Both forks end when the record does; a request that waits at the end has its wait until
// then.
//
// # Harm
//
// The harm to an account is how many seconds longer one of its requests takes in the mean:
//
//	(growth of all waits of the account + growth of its lost work) / its requests
//
// Accounts are sorted by that, the most harmed one first. With the same settings twice nothing
// differs, to the last byte.
//
// # Thresholds
//
// A threshold makes a plan a gate. It names a metric and by how much it may change for the worse:
//
//	wait_p95=+20%         of no account may the 95 % quantile of waits grow by more than a fifth
//	wait_p95=+20%,+60s    the same, but growth of up to a minute does not count
//	lost@fuzz=+1h         fuzz may not lose more than an hour of a worker's work more
//	wait_mean@*=+0s       the mean wait of all requests together may not grow at all
//	completed=-5          no account may complete more than five requests fewer
//
// [Metrics] lists the metrics.
//
// # Words
//
// Text writes a plan for people; as JSON, it is what encoding/json makes of it.
//
// # Cost
//
// A plan costs two forks, and O(n log n) in requests.
package plan
