// Package generate makes workloads up: who submits how much of what, when, and how long it runs. A
// [Spec] describes a workload in the words of people who know a fleet (working hours, bursts,
// nightly batches, mixes of labels), and [Spec.Workload] makes submissions of it. A [Fleet]
// describes workers. Both are written in YAML, as in examples/experiments/device-lab.yaml, and read
// by package yamltree.
//
//	 Stream                                                          one submission
//	┌──────────────────┐ times ┌───────┐ members ┌────────────────┐ ┌──────────────┐
//	│ arrivals: rate × ├──────▶│ group ├────────▶│ account, sizes ├▶│ cq-17.3      │
//	│ shape × rushes × │       └───────┘         │ mixes of labels│ │ at 09:31:07  │
//	│ bursts           │           ▲             │ run time       │ │ model:oak    │
//	│ batches ─────────┼───────────┘             └────────────────┘ │ runs for 8 m │
//	└──────────────────┘                              ▲             └──────────────┘
//	                                 counters ────────┘ {build}
//
// # Arrivals
//
// An ordinary day has PerDay arrivals, spread over its hours by the shape's 24 factors. The day's
// own factor, rushes at known times, bursts at random ones and the load factor multiply that. At
// such a rate, arrivals are independent of each other (a Poisson process). A batch comes at a fixed
// time instead, all of it at once or spread over a while.
//
// Each arrival has one account and one importance, and makes a group of submissions, one if nothing
// else is said. Each of them has its own labels, size and run time.
//
// # Mixes
//
// A mix gives weights to what is chosen from. In {"model:oak": 3, "model:fir pool:old": 1, "": 1}
// three in five have the label model:oak, one in five has two labels, and one has none. Several
// mixes are chosen from independently of each other.
//
// # The same everywhere
//
// The same spec and seed give the same submissions, to the last byte and on every machine. Arrivals
// are in whole milliseconds, run times in whole seconds. Each stream has random sequences of its
// own, which depend on the seed and its name, and each kind of choice (arrivals, labels, run times
// and so on) has its own among them: another stream changes nothing in the others, and a stream
// whose tests take longer has them at the same times as before. Policies and what-if questions are
// thereby compared on the same luck.
package generate
