package journal

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Compression says how a whole journal is compressed.
type Compression int

// The kinds of compression. Zstd is faster than Gzip, and its files are smaller.
const (
	None Compression = iota
	Gzip
	Zstd
)

// compressor is a stream that compresses. Flush writes all that it was given, so that it can be
// read, and Close ends the stream.
type compressor interface {
	io.WriteCloser
	Flush() error
}

// newCompressor returns a stream into out, or nil for None.
func newCompressor(out io.Writer, c Compression) (compressor, error) {
	switch c {
	case None:
		return nil, nil
	case Gzip:
		return gzip.NewWriter(out), nil
	case Zstd:
		// One goroutine's worth: the same records give the same bytes on any machine.
		return zstd.NewWriter(out, zstd.WithEncoderConcurrency(1))
	}
	return nil, fmt.Errorf("%w: there is no compression %d", ErrInvalid, int(c))
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// zstdWindowBytesMax bounds the memory that a file can make its reader take.
const zstdWindowBytesMax = 64 << 20

// What a compressed journal may say: so much, and so many times its own bytes.
const (
	expandedBytesFree = 1 << 20
	expandedRatioMax  = 1000
)

// decompress returns what in says without compression, and what ends the reading. A compressed
// stream that is cut ends in io.ErrUnexpectedEOF; one that is bad in ErrDamaged.
func decompress(in *bufio.Reader, from *source) (out *bufio.Reader, end func(), err error) {
	start, err := in.Peek(len(zstdMagic))
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	s := &stream{below: in, from: from}
	switch {
	case bytes.HasPrefix(start, gzipMagic):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil, s.meaning(err)
		}
		s.in, end = z, func() { _ = z.Close() } // it says again what Read has said
	case bytes.Equal(start, zstdMagic):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindowBytesMax))
		if err != nil {
			return nil, nil, s.meaning(err)
		}
		s.in, end = z, z.Close
	default:
		return in, func() {}, nil
	}
	return bufio.NewReaderSize(s, bufferBytes), end, nil
}

// A source keeps the error of what a journal is read from, other than io.EOF, to tell it from those
// of a decompressor.
type source struct {
	in    io.Reader
	bytes int64 // how many were read
	err   error
}

// Read implements io.Reader.
func (s *source) Read(b []byte) (int, error) {
	n, err := s.in.Read(b)
	s.bytes += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// A stream is what a decompressor says.
type stream struct {
	in    io.Reader
	bytes int64 // how many were read
	below *bufio.Reader
	from  *source
}

// Read implements io.Reader.
func (s *stream) Read(b []byte) (int, error) {
	n, err := s.in.Read(b)
	s.bytes += int64(n)
	if most := expandedBytesFree + expandedRatioMax*s.from.bytes; s.bytes > most {
		return 0, fmt.Errorf("%w: %d compressed bytes say more than %d", ErrInvalid, s.from.bytes, most)
	}
	return n, s.meaning(err)
}

// meaning returns what an error of a decompressor means. That of a file which ends too early is
// taken for damage if the file goes on.
func (s *stream) meaning(err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case s.from.err != nil:
		return s.from.err
	case errors.Is(err, io.ErrUnexpectedEOF):
		if _, end := s.below.Peek(1); end == io.EOF {
			return io.ErrUnexpectedEOF
		}
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}
