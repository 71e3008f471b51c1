//go:build !race

package fork_test

// raceDetector is true in builds with the race detector.
const raceDetector = false
