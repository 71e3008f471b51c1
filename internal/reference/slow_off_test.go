//go:build !race && !invariants

package reference_test

// slowed is true under the race detector and with the slow checks; see the other file.
const slowed = false
