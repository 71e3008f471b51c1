//go:build race

package swarming_test

// underRace says whether the race detector is on, under which a day has fewer tasks.
const underRace = true
