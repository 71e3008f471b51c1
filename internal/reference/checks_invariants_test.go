//go:build invariants && !race

package reference_test

// checksDefault is how many random stories a test tells where the whole state is checked, too.
const checksDefault = "15"
