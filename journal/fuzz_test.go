package journal_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/journal"
)

// FuzzReader reads anything: it must end, must not panic, and what it returns before the error must
// be read again when it is written.
func FuzzReader(f *testing.F) {
	for _, c := range kinds {
		file := written(f, c, 3)
		f.Add(file)
		f.Add(file[:len(file)-7])
		f.Add(append(bytes.Clone(file), make([]byte, 20)...))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := journal.NewReader(bytes.NewReader(file))
		if err != nil {
			return
		}
		var again bytes.Buffer
		w, err := journal.NewWriter(&again, journal.Beginning{Header: r.Header(),
			Snapshot: r.Snapshot()})
		if err != nil {
			t.Fatal(err)
		}
		var steps [][]byte
		for {
			step, err := r.Next()
			if err != nil {
				break
			}
			if err := w.Append(step); err != nil {
				t.Fatal(err)
			}
			bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(step)
			if err != nil {
				t.Fatal(err)
			}
			steps = append(steps, bytes)
		}
		if err := errors.Join(r.Close(), w.Close()); err != nil {
			t.Fatal(err)
		}
		same(t, again.Bytes(), steps, true)
	})
}

// A failer is a test of either kind.
type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// same fails if a journal has other steps than these, or, if it is not whole, other ones than the
// first of them.
func same(t failer, file []byte, steps [][]byte, whole bool) {
	t.Helper()
	r, err := journal.NewReader(bytes.NewReader(file))
	for n := 0; err == nil; n++ {
		step, next := r.Next()
		if err = next; err != nil {
			if whole && n < len(steps) {
				t.Fatalf("%d steps of %d", n, len(steps))
			}
			break
		}
		got, err := proto.MarshalOptions{Deterministic: true}.Marshal(step)
		if err != nil || n >= len(steps) || !bytes.Equal(got, steps[n]) {
			t.Fatalf("step %d is another one, %v", n+1, err)
		}
	}
	if whole && err != io.EOF || !whole && err != io.EOF && !errors.Is(err, journal.ErrTorn) {
		t.Fatal(err)
	}
}
