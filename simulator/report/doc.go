// Package report writes the figures of a simulation down: as tables for a terminal, and as JSON.
package report
