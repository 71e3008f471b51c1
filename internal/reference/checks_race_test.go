//go:build race

package reference_test

// checksDefault is how many random stories a test tells under the race detector, which finds
// nothing in them, as they are told on one goroutine.
const checksDefault = "2"
