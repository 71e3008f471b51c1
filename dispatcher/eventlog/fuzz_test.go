package eventlog

import (
	"bytes"
	"testing"
)

// FuzzDecode decodes any bytes: what is decoded is encoded to the same bytes.
func FuzzDecode(f *testing.F) {
	for _, r := range []record{
		{kind: kindEvent, position: Position{7, 1}, time: 5, pool: "a", payload: []byte("event")},
		{kind: kindCovered, position: Position{1 << 40, 0}},
	} {
		b, err := r.appendTo(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-1])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, n, err := decode(b)
		if err != nil {
			return
		}
		again, err := r.appendTo(nil)
		if err != nil || !bytes.Equal(again, b[:n]) {
			t.Fatalf("%x becomes %x, %v", b[:n], again, err)
		}
		_, _ = r.event()
	})
}
