//go:build !race && !invariants

package simulator_test

// slowTestDays is how many days of a long log are replayed: 0 means all.
const slowTestDays = 0
