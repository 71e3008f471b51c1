//go:build !race

package dispatcher

// underRace says whether the race detector is on, under which three nodes in one process are too
// slow for people who submit all the time.
const underRace = false
