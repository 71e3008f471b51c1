//go:build race || invariants

package fork_test

// slowed is true under the race detector and with the slow checks, which make these tests several
// times slower.
const slowed = true
