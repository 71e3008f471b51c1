//go:build !race && !invariants

package forecast_test

// slowed is true where tests are several times slower.
const slowed = false
