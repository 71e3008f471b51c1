//go:build race || invariants

package main

// slowed is true under the race detector and with the slow checks, where each process takes a second
// to start. Most scripts are left out there: what their servers and agents do is tested in packages
// of their own, in one process.
const slowed = true
