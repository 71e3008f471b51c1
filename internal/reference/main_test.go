package reference_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain keeps rapid from writing files beside the tests: a failure prints all it takes to see
// it again.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
