//go:build race || invariants

package main

// slowed is true under the race detector and with the slow checks, where all takes ten times as
// long. What takes long without them is left out there.
const slowed = true
