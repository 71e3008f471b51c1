package journals

import (
	"errors"
	"os"

	"github.com/klauspost/compress/zstd"
)

// packBytes is how much is compressed at once, into a frame of its own.
const packBytes = 256 << 10

// A packer compresses for all files, one after the other: a compressor for each file would take
// megabytes for each pool.
type packer struct {
	zip *zstd.Encoder
	out []byte
}

func newPacker() *packer {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(packBytes),
		zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		panic("invariant: the options of the compressor are valid: " + err.Error())
	}
	return &packer{zip: zip}
}

func (p *packer) close() { _ = p.zip.Close() } // it holds nothing that could be lost

// A packedFile compresses what is written to it.
type packedFile struct {
	packer  *packer
	file    *os.File
	wrote   func(bytes int)
	waiting []byte // that is not compressed yet
}

// Write implements io.Writer.
func (f *packedFile) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := min(len(rest), packBytes-len(f.waiting))
		f.waiting, rest = append(f.waiting, rest[:n]...), rest[n:]
		if len(f.waiting) == packBytes {
			if err := f.flush(); err != nil {
				return len(b) - len(rest), err
			}
		}
	}
	return len(b), nil
}

// flush writes what waits.
func (f *packedFile) flush() error {
	if len(f.waiting) == 0 {
		return nil
	}
	f.packer.out = f.packer.zip.EncodeAll(f.waiting, f.packer.out[:0])
	f.waiting = f.waiting[:0]
	n, err := f.file.Write(f.packer.out)
	f.wrote(n)
	return err
}

// close closes the file; if it is good so far, what waits is written, and all is durable.
func (f *packedFile) close(good bool) (err error) {
	if good {
		if err = f.flush(); err == nil {
			err = f.file.Sync()
		}
	}
	return errors.Join(err, f.file.Close())
}
