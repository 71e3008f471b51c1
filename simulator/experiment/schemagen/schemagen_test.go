package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const top = "../../.."

func TestFilesAreUpToDate(t *testing.T) {
	files, err := generate(top)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		got, err := os.ReadFile(filepath.Join(top, folder, f.name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, f.text) {
			t.Errorf("%s/%s is not what make generate writes", folder, f.name)
		}
	}
}

func TestShortDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 5 * time.Second: "5s", 8 * time.Minute: "8m", 90 * time.Minute: "1h30m",
		24 * time.Hour: "24h", 168 * time.Hour: "7d", 3601 * time.Second: "1h0m1s",
	} {
		if got := shortDuration(d); got != want {
			t.Errorf("%v is written as %s, want %s", d, got, want)
		}
	}
}
