//go:build invariants

package simulator_test

// slowTestDays is how many days of a long log are replayed when each operation checks everything.
const slowTestDays = 10
