//go:build !linux

// Package boottime is the clock that goes on while the machine sleeps. Linux only.
package boottime

import "time"

// Now is for Linux only.
func Now() time.Duration { panic("boottime: Linux only") }

// Awake is for Linux only.
func Awake() time.Duration { panic("boottime: Linux only") }
