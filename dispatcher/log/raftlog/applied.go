package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// An appliedFile says which entry was the newest that was applied, as of a while ago: a log that
// ends before it has lost entries. It need not be durable: what is lost of it makes the check
// weaker only.
type appliedFile struct {
	file    *os.File
	written uint64
}

func openApplied(path string) (*appliedFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 12)
	switch n, err := io.ReadFull(f, b); {
	case err == io.EOF: // it is new
		return &appliedFile{f, 0}, nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.Join(err, f.Close())
	case n < len(b) || crc32.Checksum(b[:8], castagnoli) != binary.LittleEndian.Uint32(b[8:]):
		return nil, errors.Join(&DamageError{path, "its CRC is wrong; if the log is well, remove it"},
			f.Close())
	}
	return &appliedFile{f, binary.LittleEndian.Uint64(b)}, nil
}

// write notes an entry, if it is newer.
func (a *appliedFile) write(index uint64) error {
	if index <= a.written {
		return nil
	}
	b := binary.LittleEndian.AppendUint64(nil, index)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	_, err := a.file.WriteAt(b, 0)
	if err == nil {
		a.written = index
	}
	return err
}

// check finds a log that has lost entries that were applied.
func (a *appliedFile) check(dir string, last uint64) error {
	if last < a.written {
		return &DamageError{dir, fmt.Sprintf("its newest entry is %d, though entry %d was applied here",
			last, a.written)}
	}
	return nil
}
