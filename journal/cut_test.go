package journal_test

import (
	"bytes"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/journal"
)

// Steps with any text in them are written, and the file is cut anywhere: what is read is a beginning
// of what was written.
func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		n := rapid.Uint64Range(0, 20).Draw(t, "steps")
		compression := rapid.IntRange(0, 2).Draw(t, "compression")
		var file bytes.Buffer
		w, err := journal.NewWriter(&file, journal.Beginning{Header: header, Snapshot: snapshot,
			Compression: journal.Compression(compression)})
		if err != nil {
			t.Fatal(err)
		}
		var steps [][]byte
		for w.Last() < n {
			s := step(w.Last() + 1)
			s.Operation.GetTaskAbsent().RequestId = text
			if err := w.Append(s); err != nil {
				if errors.Is(err, journal.ErrInvalid) {
					return // the text is not UTF-8
				}
				t.Fatal(err)
			}
			bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			steps = append(steps, bytes)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		same(t, file.Bytes(), steps, true)
		cut := rapid.IntRange(0, file.Len()).Draw(t, "cut")
		same(t, file.Bytes()[:cut], steps, false)
	})
}
