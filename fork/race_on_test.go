//go:build race

package fork_test

// raceDetector is true in builds with the race detector, which make these tests several times
// slower.
const raceDetector = true
