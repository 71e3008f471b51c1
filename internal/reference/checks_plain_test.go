//go:build !race && !invariants

package reference_test

// checksDefault is how many random stories a test tells.
const checksDefault = "60"
