// Package benchmarks measures what a pool costs, at fixed seeds and sizes, on the engine and, where
// that ends in reasonable time, on the naive reference in the same run: machines differ and are
// noisy, the ratio is not. Each case asserts that the work which it measures happened.
//
// A [Day] is a pool from end to end, a [Simulation] the simulator, a [Case] one operation or pass
// at growing sizes, and a [Quantity] what is not measured in time.
//
// README.md has the figures of one run and explains each case; the command table prints them.
package benchmarks
