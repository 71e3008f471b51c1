// Package gunzip reads text that may be gzipped, whatever its file is called.
package gunzip

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
)

// Reader is the text, without compression.
type Reader struct {
	*bufio.Reader
	zip *gzip.Reader // nil if the text was not compressed
}

// NewReader returns a reader with a buffer of that many bytes. It fails if in fails, or if it
// begins like a gzip file and is none.
func NewReader(in io.Reader, bufferBytes int) (*Reader, error) {
	r := &Reader{Reader: bufio.NewReaderSize(in, bufferBytes)}
	magic, err := r.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return r, nil
	}
	if r.zip, err = gzip.NewReader(r.Reader); err != nil {
		return nil, err
	}
	r.Reader = bufio.NewReaderSize(r.zip, bufferBytes)
	return r, nil
}

// Close ends the decompression; what is below is the caller's to close.
func (r *Reader) Close() error {
	if r.zip == nil {
		return nil
	}
	return r.zip.Close()
}
