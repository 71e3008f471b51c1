package reference_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain sets rapid's defaults. It writes no files beside the tests, as a failure prints all it
// takes to see it again, and checks so often that all tests take less than a minute. Flags of the
// command line count more.
func TestMain(m *testing.M) {
	checks := "60"
	if slowed {
		checks = "20"
	}
	for name, value := range map[string]string{"nofailfile": "true", "checks": checks} {
		if err := flag.Set("rapid."+name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
