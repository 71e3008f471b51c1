package swf

import (
	"os"
	"path/filepath"
	"testing"
)

// Real logs, from the folder that QSIM_TRACES names: every line of them is well formed.
func TestRealLogs(t *testing.T) {
	dir := os.Getenv("QSIM_TRACES")
	if dir == "" {
		t.Skip("QSIM_TRACES is not set: no real logs to read")
	}
	for _, c := range []struct {
		file       string
		jobs       int
		ran        int
		processors int64
	}{
		{"KTH-SP2-1996-2.1-cln.swf.gz", 28_476, 28_467, 100},
		{"SDSC-SP2-1998-4.2-cln.swf.gz", 59_715, 54_034, 128},
		{"SDSC-DS-2004-2.1-cln.swf.gz", 96_069, 84_893, 1664},
		{"METACENTRUM-2009-2.swf.gz", 103_656, 99_944, 0},
		{"LPC-EGEE-2004-1.2-cln.swf.gz", 234_889, 214_322, 140},
	} {
		log, err := ReadFile(filepath.Join(dir, c.file), true)
		if err != nil {
			t.Error(err)
			continue
		}
		ran := 0
		for i := range log.Jobs {
			if log.Jobs[i].Ran() {
				ran++
			}
		}
		if len(log.Jobs) != c.jobs || ran != c.ran || log.Header.Processors() != c.processors {
			t.Errorf("%s: %d jobs, %d ran, %d processors; want %d, %d, %d", c.file,
				len(log.Jobs), ran, log.Header.Processors(), c.jobs, c.ran, c.processors)
		}
	}
}
