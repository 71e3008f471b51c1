//go:build !race

package main

// underRace says whether the race detector is on, under which there is less chaos.
const underRace = false
