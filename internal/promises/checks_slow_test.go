//go:build race || invariants

package promises_test

// checksDefault is how many random worlds a property looks at where each of them is slow.
const checksDefault = "2"
