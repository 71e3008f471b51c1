// Package benchmarks measures what decisions cost, at fixed seeds and sizes, on the engine and,
// where that ends in reasonable time, on the naive reference in the same run: machines differ and
// are noisy, the ratio is not. Each case asserts that the work which it measures happened.
//
// The pools are of two shapes. A random pool is the hard one: each request asks for 5 of 1,000
// labels and one of 50 provisionable ones, each worker has 50 labels and one provisionable one, so
// nearly no two are alike and nearly nothing matches. A shaped pool is the usual one: few label
// sets and accounts, many of each.
//
// README.md has the figures of one run and explains each case; the command table prints them.
package benchmarks
