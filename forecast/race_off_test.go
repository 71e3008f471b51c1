//go:build !race

package forecast_test

// raceDetector is true in builds with the race detector.
const raceDetector = false
