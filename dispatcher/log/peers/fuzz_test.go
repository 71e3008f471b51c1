package peers

import (
	"bytes"
	"testing"
)

// FuzzHello reads any bytes as a hello: of what is read, no byte is taken that follows.
func FuzzHello(f *testing.F) {
	for _, first := range []byte{byte(Raft), byte(Calls), welcome, no} {
		var b bytes.Buffer
		if err := writeHello(&b, first, Hello{"c", "n", "d"}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		_, payload, err := readHello(r)
		if err == nil && r.Len() != len(b)-3-len(payload) {
			t.Fatalf("%d bytes are left of %d", r.Len(), len(b))
		}
		_, _, _ = readRequest(bytes.NewReader(b))
		_, _ = readAnswer(bytes.NewReader(b))
	})
}
