//go:build invariants

package touches

const enabled = true
