//go:build race || invariants

package main

// slow says that there are other checks enough, so that there is less chaos.
const slow = true
