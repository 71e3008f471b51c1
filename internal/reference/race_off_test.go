//go:build !race

package reference_test

// raceDetector is true in builds with the race detector; see the other file.
const raceDetector = false
