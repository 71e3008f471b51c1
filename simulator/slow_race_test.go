//go:build race && !invariants

package simulator_test

// slowTestDays is how many days of a long log are replayed under the race detector.
const slowTestDays = 40
