//go:build race

package trace

// underRace says whether the race detector is on, under which real logs take minutes.
const underRace = true
