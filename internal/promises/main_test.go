package promises_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain sets rapid's defaults: so few worlds that all tests take seconds, the same ones each time,
// and no files beside the tests. Flags of the command line count more: -rapid.seed=0
// -rapid.checks=1000 looks at a thousand other worlds.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{"nofailfile": "true", "checks": checksDefault, "seed": "1"} {
		if err := flag.Set("rapid."+name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
