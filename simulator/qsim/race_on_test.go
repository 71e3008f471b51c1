//go:build race

package main

// underRace is true if the race detector is on, under which all takes ten times as long.
const underRace = true
