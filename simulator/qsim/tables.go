package main

import (
	"fmt"
	"io"

	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

// printResults writes the tables for a terminal: the figures of one run as they are, those of
// several compared. The last line says how long all this took, where that was measured.
func printResults(results *experiment.Results, top int, stdout io.Writer) error {
	var err error
	if len(results.Variants) == 1 && len(results.Variants[0].Runs) == 1 {
		notes := append([]string{}, results.Workload.Notes...)
		if v := results.Variants[0]; v.Description != "" {
			notes = append(notes, "policy "+v.Name+": "+v.Description)
		}
		err = report.Table(stdout, results.Variants[0].Runs[0].Figures,
			report.Options{Top: top, Notes: notes})
	} else {
		err = report.Comparison(stdout, results, report.Options{Top: top})
	}
	if took := report.Took(results); err == nil && took != "" {
		_, err = fmt.Fprintf(stdout, "\n%s\n", took)
	}
	if err != nil {
		return fmt.Errorf("standard output: %w", cause(err))
	}
	return nil
}
