// Package house holds the tests of what a compiler does not check: which package may import which,
// which packages do without clocks, chance, goroutines, I/O and floats, and how long a line, a
// function and a file may be.
package house
