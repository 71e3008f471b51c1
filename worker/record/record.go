// Package record keeps small files that are whole or not there: a reader finds what was last
// written in full, or an error, however a writer ended.
//
// A record is 8 bytes that say what it is, the length of its content (4 bytes, big-endian), the
// SHA-256 of the content, and the content. What follows is ignored.
package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	magic      = "qsrecd1\n"
	headBytes  = len(magic) + 4 + sha256.Size
	contentMax = 1 << 20
)

// ErrDamaged is for files that are no whole record.
var ErrDamaged = errors.New("record: not a whole record")

// Write makes a record, or replaces it. When it returns nil, the record survives a loss of power.
func Write(path string, content []byte) error { return write(path, content, true) }

// WriteFast is Write for records that mean nothing after a loss of power. It does not wait for the
// disk.
func WriteFast(path string, content []byte) error { return write(path, content, false) }

func write(path string, content []byte, sync bool) error {
	if len(content) > contentMax {
		return fmt.Errorf("record: %s: %d bytes are more than %d", path, len(content), contentMax)
	}
	var head bytes.Buffer
	head.WriteString(magic)
	_ = binary.Write(&head, binary.BigEndian, uint32(len(content))) // cannot fail
	sum := sha256.Sum256(content)
	head.Write(sum[:])
	// A file that Reserve made is written over, so that a full disk does not matter.
	f, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(head.Bytes(), content...))
	if err == nil && sync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	if !sync {
		return nil
	}
	return syncFolder(filepath.Dir(path))
}

// Reserve takes the room on the disk that a record of so many bytes will need.
func Reserve(path string, size int) error {
	f, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, headBytes+size))
	return errors.Join(err, f.Close())
}

// Read returns a record's content. The error wraps fs.ErrNotExist if there is none, and ErrDamaged
// if it is no whole one.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := io.ReadAll(io.LimitReader(f, int64(headBytes+contentMax)))
	if err != nil {
		return nil, err
	}
	if len(all) < headBytes || string(all[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: %s has no head", ErrDamaged, path)
	}
	n := binary.BigEndian.Uint32(all[len(magic):])
	content := all[headBytes:]
	if int64(n) > int64(len(content)) {
		return nil, fmt.Errorf("%w: %s ends early", ErrDamaged, path)
	}
	content = content[:n]
	if sum := sha256.Sum256(content); !bytes.Equal(sum[:], all[len(magic)+4:headBytes]) {
		return nil, fmt.Errorf("%w: %s has another SHA-256", ErrDamaged, path)
	}
	return content, nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
