package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos"
)

// magic begins each journal; its last byte is the version of the file.
const magic = "\x89QSJ\r\n\x1a\x01"

// formatVersion is the version of the records, which the header has.
const formatVersion = 1

const (
	frameHeaderBytes = 12
	recordBytesMax   = 1 << 28
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendFrame appends a record in its frame to dst, and returns what dst has become.
func appendFrame(dst []byte, record *protos.JournalRecord) ([]byte, error) {
	begin := len(dst)
	dst = append(dst, make([]byte, frameHeaderBytes)...)
	dst, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(dst, record)
	if err != nil {
		return dst[:begin], fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	header, err := frameHeader(dst[begin+frameHeaderBytes:])
	if err != nil {
		return dst[:begin], err
	}
	copy(dst[begin:], header[:])
	return dst, nil
}

// frameHeader returns what stands before a record that is in parts.
func frameHeader(parts ...[]byte) (header [frameHeaderBytes]byte, err error) {
	size, sum := 0, uint32(0)
	for _, part := range parts {
		size += len(part)
		sum = crc32.Update(sum, castagnoli, part)
	}
	if size > recordBytesMax {
		return header, fmt.Errorf("%w: %d bytes are more than %d", ErrInvalid, size, recordBytesMax)
	}
	binary.LittleEndian.PutUint32(header[:], uint32(size))
	binary.LittleEndian.PutUint32(header[4:], crc32.Checksum(header[:4], castagnoli))
	binary.LittleEndian.PutUint32(header[8:], sum)
	return header, nil
}

// errTornFrame is a frame that the end of the file cuts.
var errTornFrame = errors.New("the file ends within a frame")

// readFrame reads the next frame into buf, which it may replace by a larger one, and returns its
// record's bytes. They are good until the next call. The error is io.EOF at the end of the file,
// errTornFrame, or wraps ErrDamaged or ErrInvalid, or is that of in.
func readFrame(in io.Reader, buf []byte) (record, larger []byte, err error) {
	var header [frameHeaderBytes]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return nil, buf, torn(err)
	}
	if crc32.Checksum(header[:4], castagnoli) != binary.LittleEndian.Uint32(header[4:]) {
		return nil, buf, damaged(in, header[:8], header[8:], "the checksum of the length")
	}
	n := binary.LittleEndian.Uint32(header[:])
	if n == 0 || n > recordBytesMax {
		return nil, buf, fmt.Errorf("%w: a length of %d is not from 1 to %d", ErrInvalid, n,
			recordBytesMax)
	}
	if buf, err = readBytes(in, buf, int(n)); err != nil {
		return nil, buf, torn(err)
	}
	if crc32.Checksum(buf, castagnoli) != binary.LittleEndian.Uint32(header[8:]) {
		return nil, buf, damaged(in, buf, nil, "the checksum of the record")
	}
	return buf, buf, nil
}

// torn tells the end of a file within a frame from that between two, and from other errors.
func torn(err error) error {
	if err == io.ErrUnexpectedEOF {
		return errTornFrame
	}
	return err
}

// readBytes reads n bytes into buf. It takes memory only as bytes come, as n may be wrong.
func readBytes(in io.Reader, buf []byte, n int) ([]byte, error) {
	const stepBytes = 1 << 20
	buf = buf[:0]
	for len(buf) < n {
		begin := len(buf)
		step := min(n-begin, max(stepBytes, begin))
		if free := cap(buf) - begin; free < step {
			buf = append(buf, make([]byte, step)...)
		}
		buf = buf[:begin+step]
		if _, err := io.ReadFull(in, buf[begin:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return buf[:begin], err
		}
	}
	return buf, nil
}

// damaged decides what a wrong checksum means. If what was checked ends in a zero, and all that
// comes after it is zero, it is the tail that a crash has left; else it is damage.
func damaged(in io.Reader, checked, after []byte, what string) error {
	if checked[len(checked)-1] == 0 && allZero(after) {
		chunk := make([]byte, 32<<10)
		for {
			n, err := in.Read(chunk)
			if !allZero(chunk[:n]) {
				break
			}
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				return errTornFrame
			}
			if err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("%w: %s is wrong", ErrDamaged, what)
}

func allZero(bytes []byte) bool {
	for _, b := range bytes {
		if b != 0 {
			return false
		}
	}
	return true
}
