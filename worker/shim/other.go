//go:build !linux

package shim

import (
	"errors"
	"fmt"
	"os"
)

// Main is for Linux only.
func Main(string) int {
	fmt.Fprintln(os.Stderr, "shim: Linux only")
	return 1
}

// CheckNamespace says that there are none.
func CheckNamespace([]string) error { return errors.New("shim: Linux only") }
