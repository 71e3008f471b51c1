//go:build race || invariants

package reference_test

// slowed is true under the race detector and with the slow checks, which make these tests several
// times slower. All of them but the ones about CPUs run on one goroutine.
const slowed = true
