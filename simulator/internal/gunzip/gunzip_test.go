package gunzip_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/quotasched/quotasched/simulator/internal/gunzip"
)

func TestReadsBoth(t *testing.T) {
	const text = "one line\nand another one\n"
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{text, zipped.String(), ""} {
		r, err := gunzip.NewReader(strings.NewReader(in), 16)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if want := text; err != nil || string(got) != want && in != "" || r.Close() != nil {
			t.Errorf("%q is read as %q, %v", in, got, err)
		}
	}
}

func TestWhatOnlyBeginsLikeGzip(t *testing.T) {
	if _, err := gunzip.NewReader(strings.NewReader("\x1f\x8bno"), 16); err == nil {
		t.Error("no error")
	}
}
