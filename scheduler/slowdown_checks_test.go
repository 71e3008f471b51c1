//go:build race || invariants

package scheduler_test

// slowdown divides the sizes of tests that take long where each step is slow.
const slowdown = 10
