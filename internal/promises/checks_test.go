//go:build !race && !invariants

package promises_test

// checksDefault is how many random worlds a property looks at.
const checksDefault = "10"
