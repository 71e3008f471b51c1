package journal_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/protos"
)

// Steps that cannot stand in a journal are refused, and the next good one is taken.
func TestAppendRefuses(t *testing.T) {
	var file bytes.Buffer
	w, err := journal.NewWriter(&file, journal.Beginning{Header: header, Snapshot: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	invalid := step(1)
	invalid.Operation.GetTaskAbsent().RequestId = "\xff"
	for _, c := range []struct {
		step *protos.JournalStep
		want error
	}{
		{step(2), journal.ErrOrder},
		{step(0), journal.ErrOrder},
		{nil, journal.ErrOrder},
		{&protos.JournalStep{Number: 1}, journal.ErrInvalid},
		{&protos.JournalStep{Number: 1, Operation: &protos.Operation{}}, journal.ErrInvalid},
		{invalid, journal.ErrInvalid},
	} {
		if err := w.Append(c.step); !errors.Is(err, c.want) {
			t.Errorf("%v: %v", c.step, err)
		}
	}
	if err := errors.Join(w.Append(step(1)), w.Close(), w.Close()); err != nil || w.Last() != 1 {
		t.Fatalf("last %d, %v", w.Last(), err)
	}
	if err := w.Append(step(2)); err != journal.ErrClosed {
		t.Errorf("closed: %v", err)
	}
	if n, _, err := read(t, &file); n != 1 || err != io.EOF {
		t.Errorf("%d steps, %v", n, err)
	}
	if _, err := journal.NewWriter(io.Discard, journal.Beginning{}); !errors.Is(err, journal.ErrInvalid) {
		t.Errorf("without a snapshot: %v", err)
	}
	_, err = journal.NewWriter(io.Discard, journal.Beginning{Snapshot: snapshot, Compression: 9})
	if !errors.Is(err, journal.ErrInvalid) {
		t.Errorf("compression 9: %v", err)
	}
}

// full is a disk with room for n bytes.
type full struct{ n int }

var errFull = errors.New("no space left on device")

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), f.n)
	f.n -= n
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

func TestMarshalledOperationsMakeTheSameJournal(t *testing.T) {
	var files [2]bytes.Buffer
	var writers [2]*journal.Writer
	for i := range files {
		w, err := journal.NewWriter(&files[i], journal.Beginning{Header: header, Snapshot: snapshot})
		if err != nil {
			t.Fatal(err)
		}
		writers[i] = w
	}
	hash := [sha256.Size]byte{1, 2, 3}
	for n := range uint64(300) {
		op := &protos.Operation{Kind: &protos.Operation_TaskAbsent{
			TaskAbsent: &protos.TaskAbsent{RequestId: strings.Repeat("x", int(n*n))}}}
		if n == 0 {
			op = &protos.Operation{}
		}
		marshalled, err := proto.MarshalOptions{Deterministic: true}.Marshal(op)
		if err := errors.Join(err, writers[0].AppendMarshalled(marshalled, hash),
			writers[1].Append(&protos.JournalStep{Number: n + 1, Operation: op,
				OutcomeHash: hash[:]})); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range writers {
		if err := w.Close(); err != nil || w.Last() != 300 {
			t.Fatalf("%v: %d", err, w.Last())
		}
		if err := w.AppendMarshalled(nil, hash); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("the journals differ")
	}
}

// Nothing is appended behind a record of which only a part could be written.
func TestAFullDiskEndsTheWriting(t *testing.T) {
	for name, c := range kinds {
		t.Run(name, func(t *testing.T) {
			disk := &full{n: 200}
			w, err := journal.NewWriter(disk, journal.Beginning{Header: header, Snapshot: snapshot,
				Compression: c})
			for i := uint64(1); err == nil && i < 1000; i++ {
				err = errors.Join(w.Append(step(i)), w.Flush())
			}
			if !errors.Is(err, errFull) {
				t.Fatal(err)
			}
			disk.n = 1 << 30
			for _, err := range []error{w.Append(step(w.Last() + 1)), w.Flush(), w.Sync(), w.Close()} {
				if !errors.Is(err, errFull) {
					t.Errorf("after the error: %v", err)
				}
			}
		})
	}
}

// A journal can be gone on with, after whatever byte it was cut at.
func TestAppendAfterATear(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.qsj")
	whole, begin := written(t, journal.None, 5), written(t, journal.None, 2)
	for cut := len(begin); cut <= len(written(t, journal.None, 3)); cut++ {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		w, torn, err := journal.Append(path)
		if err != nil {
			t.Fatal(err)
		}
		clean := cut == len(begin) || cut == len(written(t, journal.None, 3))
		if (torn == nil) != clean || torn != nil && torn.Offset != int64(len(begin)) {
			t.Fatalf("cut at %d: torn %v", cut, torn)
		}
		for err == nil && w.Last() < 5 {
			err = w.Append(step(w.Last() + 1))
		}
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, whole) {
			t.Fatalf("cut at %d: %d bytes, want %d, %v", cut, len(got), len(whole), err)
		}
	}
}

func TestAppendToBadJournals(t *testing.T) {
	damaged := written(t, journal.None, 3)
	damaged[len(damaged)-50] ^= 1
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"damaged", damaged, journal.ErrDamaged},
		{"no journal", []byte("1 2 3"), journal.ErrNotJournal},
		{"no snapshot", damaged[:60], journal.ErrTorn},
		{"compressed", written(t, journal.Zstd, 3), journal.ErrCompressed},
	} {
		path := filepath.Join(t.TempDir(), "a.qsj")
		if err := os.WriteFile(path, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := journal.Append(path); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, c.file) {
			t.Errorf("%s: the file has changed, %v", c.name, err)
		}
	}
	if _, _, err := journal.Append(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

func TestCreateAndOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.qsj")
	w, err := journal.Create(path, journal.Beginning{Header: header, Snapshot: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := readFile(t, path); n != 0 || err != io.EOF {
		t.Errorf("begun: %d steps, %v", n, err)
	}
	if err := errors.Join(w.Append(step(1)), w.Sync()); err != nil {
		t.Fatal(err)
	}
	if n, _, err := readFile(t, path); n != 1 || err != io.EOF {
		t.Errorf("synced: %d steps, %v", n, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Create(path, journal.Beginning{Snapshot: snapshot}); !os.IsExist(err) {
		t.Errorf("over another: %v", err)
	}
	r, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if _, err := r.Next(); err != journal.ErrClosed {
		t.Errorf("closed: %v", err)
	}
	if _, err := journal.Open(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("a folder: %v", err)
	}
}

func readFile(t *testing.T, path string) (steps int, offset int64, err error) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, bytes.NewReader(file))
}
