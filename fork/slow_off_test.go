//go:build !race && !invariants

package fork_test

// slowed is true where tests are several times slower.
const slowed = false
