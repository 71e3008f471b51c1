// Package house holds the tests of what a compiler does not check: which package may import which,
// what the scheduler and the reconciler may never use, and how long a line, a function and a file
// may be.
package house
