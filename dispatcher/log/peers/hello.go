package peers

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	welcome = '.'
	no      = '!'
	// helloBytesMax is how long the JSON of a hello may be.
	helloBytesMax = 1024
)

func writeHello(w io.Writer, first byte, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(payload) > helloBytesMax {
		return fmt.Errorf("a hello of %d bytes is longer than %d", len(payload), helloBytesMax)
	}
	b := binary.BigEndian.AppendUint16([]byte{first}, uint16(len(payload)))
	_, err = w.Write(append(b, payload...))
	return err
}

// readHello reads the first byte and the JSON. It reads no byte more, as another protocol follows.
func readHello(r io.Reader) (first byte, payload []byte, err error) {
	var head [3]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	switch Kind(head[0]) {
	case Raft, Calls, welcome, no:
	default:
		return 0, nil, fmt.Errorf("it begins with byte %d, which is no hello", head[0])
	}
	n := binary.BigEndian.Uint16(head[1:])
	if n > helloBytesMax {
		return 0, nil, fmt.Errorf("a hello of %d bytes is longer than %d", n, helloBytesMax)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	return head[0], payload, err
}

// readRequest reads the hello of the side that dials.
func readRequest(r io.Reader) (Kind, Hello, error) {
	var h Hello
	first, payload, err := readHello(r)
	if err == nil && first != byte(Raft) && first != byte(Calls) {
		err = errors.New("it answers before it was asked")
	}
	if err == nil {
		err = json.Unmarshal(payload, &h)
	}
	return Kind(first), h, err
}

// readAnswer reads the hello of the side that accepts.
func readAnswer(r io.Reader) (h Hello, err error) {
	first, payload, err := readHello(r)
	if err != nil {
		return h, err
	}
	switch first {
	case welcome:
		return h, json.Unmarshal(payload, &h)
	case no:
		var why string
		if err := json.Unmarshal(payload, &why); err != nil {
			return h, err
		}
		return h, fmt.Errorf("it refuses: %s", why)
	}
	return h, errors.New("it answers with a question")
}
