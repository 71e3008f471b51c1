package promises_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain sets rapid's defaults: so few worlds that all tests take seconds, and no files beside the
// tests. Flags of the command line count more.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{"nofailfile": "true", "checks": "10"} {
		if err := flag.Set("rapid."+name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
