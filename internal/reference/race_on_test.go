//go:build race

package reference_test

// raceDetector is true in builds with the race detector, which make these tests several times
// slower. All of them but the ones about CPUs run on one goroutine.
const raceDetector = true
