package scheduler_test

import (
	"testing"

	"github.com/quotasched/quotasched/internal/script"
)

// TestScripts runs testdata/*.txt; package script says how they are written.
func TestScripts(t *testing.T) {
	script.Run(t, "testdata", script.Scheduler)
}
