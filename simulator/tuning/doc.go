// Package tuning is what the commands `qsim tune` and `qsched tune` have in common: the flags that
// say what to search for, the search, and what is written at its end.
package tuning
