// Package generate makes workloads up: who submits how much of what, when, and how long it runs. A
// [Spec] describes a workload in the words of people who know a fleet (working hours, bursts,
// nightly batches, mixes of labels), and [Spec.Workload] makes submissions of it. The same spec and
// seed give the same submissions, on every machine.
package generate
