//go:build !linux

package shim

import (
	"fmt"
	"os"
)

// Main is for Linux only.
func Main(string) int {
	fmt.Fprintln(os.Stderr, "shim: Linux only")
	return 1
}
