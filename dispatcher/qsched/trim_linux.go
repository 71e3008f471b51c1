package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// trim gives back what this process needed to begin: free memory of the heap, and the pages of the
// program that were read. What is needed again is read again.
func trim() error {
	debug.FreeOSMemory()
	own, err := os.Executable()
	if err != nil {
		return err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer maps.Close()
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		var from, to uintptr
		var access string
		// Pages that cannot be written are those of the file.
		_, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &access)
		if err != nil || strings.Contains(access, "w") || !strings.HasSuffix(lines.Text(), " "+own) {
			continue
		}
		_, _, failed := unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		if failed != 0 {
			return os.NewSyscallError("madvise", failed)
		}
	}
	return lines.Err()
}
