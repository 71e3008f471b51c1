// Package experiment runs policies against each other: the same workload on the same fleet, under
// each policy, each combination of swept parameters and each seed.
//
//	┌────────────┐  Parse  ┌────────────┐ Run  ┌─────────┐ Compare
//	│ file.yaml  ├────────▶│ Experiment ├─────▶│ Results ├────────▶ differences
//	└────────────┘  Load   └────────────┘      └─────────┘
//	 log, or spec           variants: one       figures of
//	 fleet, policies        for each            each variant
//	 sweeps, seeds          policy × sweep      and seed
//
// [Parse] reads a file, and finds all mistakes in it; FIELDS.md describes its fields, and [Schema]
// is for editors. [Load] does the same, and reads the log or makes the workload. [Experiment.Run]
// runs every variant with every seed, several at once. [Compare] says how two variants differ, with
// confidence intervals over the seeds, and [CompareResults] how two experiments do.
//
// Package report writes results down.
//
// # Fields of fields
//
// A field of a file is named by a path: policies.quota.accounts.cq.rates.p0. Sweeps and overrides
// put values there before the file is decoded, so that a value is checked where it comes to stand,
// and a mistake in it is shown where it was written.
//
// # Bases
//
// A policy with a base is merged with it as it is written, not as it is decoded: fields of mappings
// one by one, all else as a whole. A base stands further up, so there are no circles. A sweep of a
// policy's field does not reach the policies that are based on it.
//
// # Tunings
//
// [Experiment.Tuning] makes a search of package tune of a file with goals and knobs: what a point
// comes to is measured by simulations in several cases, which [Tuning] lists, and [Tuning.Tuned]
// says what was found as settings and a policy file.
//
// # What is the same
//
// The results of an experiment do not depend on the number of processors, on which run ends first,
// or on the clock, but for Results.WallSeconds. Runs share workloads and never change them.
package experiment
