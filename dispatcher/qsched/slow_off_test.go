//go:build !race && !invariants

package main

const slowed = false
