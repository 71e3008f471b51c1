// Package experiment runs policies against each other: the same workload on the same fleet, under
// each policy, each combination of swept parameters and each seed.
//
//	┌────────────┐ Parse ┌────────────┐ Variants ┌──────────┐ Run  ┌─────────┐ Compare
//	│ file.yaml  ├──────▶│ Experiment ├─────────▶│ variants ├─────▶│ Results ├────────▶ differences
//	└────────────┘       └────────────┘          └──────────┘      └─────────┘
//	                      log, or spec            one for each      figures of
//	                      fleet, policies         policy × sweep    each variant
//	                      sweeps, seeds           × seed            and seed
//
// Package report writes results down.
package experiment
