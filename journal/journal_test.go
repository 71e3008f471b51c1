package journal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

var (
	header = &protos.JournalHeader{FormatVersion: 1, Pool: "lab", Writer: "a test",
		Description: "three steps"}
	snapshot = &protos.Pool{
		Scheduler: &protos.Scheduler{LastUpdateTime: &timestamppb.Timestamp{Seconds: 1_700_000_000}}}
	kinds = map[string]journal.Compression{"plain": journal.None, "gzip": journal.Gzip,
		"zstd": journal.Zstd}
)

// step returns a step that is good as the n-th one.
func step(n uint64) *protos.JournalStep {
	hash := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, n))
	s := &protos.JournalStep{Number: n, OutcomeHash: hash[:], Operation: pool.TaskAbsent(
		time.Unix(1_700_000_000+int64(n), 0), scheduler.RequestID(fmt.Sprint(n)))}
	if n%2 == 0 {
		s.StateHash = hash[:]
		s.Outcome = &protos.Outcome{Error: "it went wrong"}
	}
	return s
}

// written returns a journal of n steps.
func written(t testing.TB, c journal.Compression, n uint64) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := journal.NewWriter(&file, journal.Beginning{Header: header, Snapshot: snapshot,
		Compression: c})
	for i := uint64(1); err == nil && i <= n; i++ {
		err = w.Append(step(i))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// A snapshot that is there as bytes is written as the message would be.
func TestSnapshotBytes(t *testing.T) {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(snapshot)
	require.NoError(t, err)
	var file bytes.Buffer
	w, err := journal.NewWriter(&file, journal.Beginning{Header: header, SnapshotBytes: encoded})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Equal(t, written(t, journal.None, 0), file.Bytes())
}

// read reads a journal to its end, and checks that it has the first steps of what written writes.
// It returns how many, where the good part ends, and the error, which is io.EOF at a clean end.
func read(t testing.TB, in io.Reader) (steps int, offset int64, err error) {
	t.Helper()
	r, err := journal.NewReader(in)
	if err != nil {
		return 0, 0, err
	}
	if !proto.Equal(header, r.Header()) || !proto.Equal(snapshot, r.Snapshot()) {
		t.Fatalf("it begins with %v and %v", r.Header(), r.Snapshot())
	}
	for {
		peeked, first := r.Peek()
		got, err := r.Next()
		if peeked != got || first != err {
			t.Fatalf("peeked at %v, %v, and got %v, %v", peeked, first, got, err)
		}
		if err != nil {
			if _, again := r.Next(); again != err {
				t.Fatalf("first %v, then %v", err, again)
			}
			offset := r.Offset()
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			return steps, offset, err
		}
		steps++
		if want := step(uint64(steps)); !proto.Equal(want, got) { // this is much faster than to compare
			t.Fatalf("step %d (-want +got):\n%s", steps, cmp.Diff(want, got, protocmp.Transform()))
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for name, c := range kinds {
		t.Run(name, func(t *testing.T) {
			file := written(t, c, 1000)
			if n, _, err := read(t, bytes.NewReader(file)); n != 1000 || err != io.EOF {
				t.Errorf("%d steps, %v", n, err)
			}
			slow := iotest.DataErrReader(iotest.OneByteReader(bytes.NewReader(file)))
			if n, _, err := read(t, slow); n != 1000 || err != io.EOF {
				t.Errorf("byte by byte: %d steps, %v", n, err)
			}
			if !bytes.Equal(file, written(t, c, 1000)) {
				t.Error("the same steps gave other bytes")
			}
		})
	}
}

// The bytes of the smallest journal, as doc.go draws them.
func TestBytes(t *testing.T) {
	var file bytes.Buffer
	w, err := journal.NewWriter(&file, journal.Beginning{Snapshot: &protos.Pool{
		Reconciler: &protos.Reconciler{ExpiredRequests: []string{"7"}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := "89 51 53 4A 0D 0A 1A 01 " + // the magic, and the version
		"04 00 00 00 34 7A 45 33 16 19 54 21 0A 02 08 01 " + // the header
		"07 00 00 00 0D F3 67 51 B3 BE 24 6E 12 05 12 03 22 01 37" // the snapshot
	if got := fmt.Sprintf("% X", file.Bytes()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// frame puts a record into a frame whose checksums are right.
func frame(record []byte) []byte {
	table := crc32.MakeTable(crc32.Castagnoli)
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(record)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, table))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(record, table))
	return append(b, record...)
}

// frames returns a journal of these records, good or not.
func frames(t *testing.T, records ...*protos.JournalRecord) []byte {
	t.Helper()
	b := []byte("\x89QSJ\r\n\x1a\x01")
	for _, r := range records {
		record, err := proto.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, frame(record)...)
	}
	return b
}

func theHeader(h *protos.JournalHeader) *protos.JournalRecord {
	return &protos.JournalRecord{Kind: &protos.JournalRecord_Header{Header: h}}
}

func theSnapshot() *protos.JournalRecord {
	return &protos.JournalRecord{Kind: &protos.JournalRecord_Snapshot{Snapshot: snapshot}}
}

func theStep(s *protos.JournalStep) *protos.JournalRecord {
	return &protos.JournalRecord{Kind: &protos.JournalRecord_Step{Step: s}}
}

// Each way in which a journal can be bad has an error of its own, which says where.
func TestBadJournals(t *testing.T) {
	long := binary.LittleEndian.AppendUint32(nil, 1<<28+1)
	long = binary.LittleEndian.AppendUint32(long, crc32.Checksum(long, crc32.MakeTable(crc32.Castagnoli)))
	long = append(long, 0, 0, 0, 0, 1)
	good := frames(t, theHeader(header), theSnapshot(), theStep(step(1)))
	lacking := func(change func(*protos.JournalStep)) *protos.JournalRecord {
		s := step(1)
		change(s)
		return theStep(s)
	}
	for _, c := range []struct {
		name string
		file []byte
		want error
		text string
	}{
		{"text", []byte("; MaxProcs: 8\n1 2 3\n"), journal.ErrNotJournal, "does not begin with"},
		{"short text", []byte("no"), journal.ErrNotJournal, "does not begin with"},
		{"nothing", nil, journal.ErrTorn, "the header at byte 0 is not whole"},
		{"only the magic", good[:8], journal.ErrTorn, "the header at byte 8"},
		{"file version", []byte("\x89QSJ\r\n\x1a\x02..."), journal.ErrVersion, "version 2; known is 1"},
		{"format version", frames(t, theHeader(&protos.JournalHeader{FormatVersion: 2})),
			journal.ErrVersion, "record 1 (header) at byte 8: unknown version: the records have version 2"},
		{"no version", frames(t, theHeader(&protos.JournalHeader{})), journal.ErrVersion, "version 0"},
		{"no header", frames(t, theSnapshot()), journal.ErrOrder, "a snapshot where the header must be"},
		{"only a header", frames(t, theHeader(header)), journal.ErrTorn,
			"the snapshot at byte 50 is not whole, so that there is nothing to go on from"},
		{"no snapshot", frames(t, theHeader(header), theStep(step(1))), journal.ErrOrder,
			"record 2 (snapshot) at byte 50: out of order: a step where the snapshot must be"},
		{"two snapshots", frames(t, theHeader(header), theSnapshot(), theSnapshot()),
			journal.ErrOrder, "record 3 (step 1) at byte 74: out of order: a snapshot where a step"},
		{"two headers", frames(t, theHeader(header), theSnapshot(), theHeader(header)),
			journal.ErrOrder, "a header where a step must be"},
		{"a step left out", frames(t, theHeader(header), theSnapshot(), theStep(step(1)),
			theStep(step(3))), journal.ErrOrder, "(step 2) at byte 139: out of order: number 3 comes after 1"},
		{"a step twice", append(bytes.Clone(good), good[74:]...), journal.ErrOrder,
			"number 1 comes after 1"},
		{"no operation", frames(t, theHeader(header), theSnapshot(),
			lacking(func(s *protos.JournalStep) { s.Operation = nil })), journal.ErrInvalid,
			"no operation"},
		{"no outcome", frames(t, theHeader(header), theSnapshot(),
			lacking(func(s *protos.JournalStep) { s.OutcomeHash = nil })), journal.ErrInvalid,
			"the outcome's hash has 0 bytes"},
		{"short state", frames(t, theHeader(header), theSnapshot(),
			lacking(func(s *protos.JournalStep) { s.StateHash = []byte{1} })), journal.ErrInvalid,
			"the state's hash has 1 bytes"},
		{"unknown kind", append(bytes.Clone(good), frame([]byte{0x7a, 0})...), journal.ErrOrder,
			"something unknown where a step must be"},
		{"no protobuf", append(bytes.Clone(good), frame([]byte{0xff})...), journal.ErrInvalid,
			"record 4 (step 2) at byte 139: invalid record: "},
		{"nothing in a frame", append(bytes.Clone(good), frame(nil)...), journal.ErrInvalid,
			"a length of 0 is not from 1 to"},
		{"too long", append(bytes.Clone(good), long...), journal.ErrInvalid,
			"a length of 268435457 is not from 1 to 268435456"},
		{"no gzip", []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff}, journal.ErrDamaged,
			"flate"},
		{"zeros", append(bytes.Clone(good), make([]byte, 100_000)...), journal.ErrTorn,
			"torn: step 2 at byte 139 is not whole; all before it is good"},
		{"zeros, and more", append(append(bytes.Clone(good), make([]byte, 100_000)...), 1),
			journal.ErrDamaged, "record 4 (step 2) at byte 139: damaged: the checksum of the length"},
		{"a record that ends in zeros", append(bytes.Clone(good[:len(good)-9]), make([]byte, 40)...),
			journal.ErrTorn, "step 1 at byte 74"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := read(t, bytes.NewReader(c.file))
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Whatever byte a file is cut at, the steps before it are read, and the rest is said to be missing.
func TestCutAnywhere(t *testing.T) {
	for name, c := range kinds {
		t.Run(name, func(t *testing.T) {
			const steps = 20
			file := written(t, c, steps)
			ends := map[int64]int{} // where steps end in a journal that is not compressed
			for n := range steps + 1 {
				ends[int64(len(written(t, journal.None, uint64(n))))] = n
			}
			for cut := range file {
				n, offset, err := read(t, bytes.NewReader(file[:cut]))
				if want, ok := ends[offset]; n > 0 && (!ok || n != want) {
					t.Fatalf("cut at %d: %d steps to byte %d", cut, n, offset)
				}
				if _, whole := ends[int64(cut)]; c == journal.None && whole {
					if err != io.EOF || offset != int64(cut) {
						t.Fatalf("cut at %d: %d steps to %d, %v", cut, n, offset, err)
					}
					continue
				}
				torn, ok := errors.AsType[*journal.TornError](err)
				if !ok || offset > 0 && (torn.Offset != offset || torn.Record != uint64(n)+3) {
					t.Fatalf("cut at %d: %d steps to %d, %v", cut, n, offset, err)
				}
			}
		})
	}
}

// Whatever bit is wrong, what is read is a beginning of what was written, and the rest is refused.
func TestFlippedBits(t *testing.T) {
	for name, c := range kinds {
		t.Run(name, func(t *testing.T) {
			const steps = 3
			file := written(t, c, steps)
			unnoticed := 0
			stride := 1
			if c == journal.Zstd {
				stride = 5 // as a decoder takes its time to begin
			}
			for i := 0; i < len(file)*8; i += stride {
				bad := bytes.Clone(file)
				bad[i/8] ^= 1 << (i % 8)
				n, _, err := read(t, bytes.NewReader(bad))
				switch {
				case err == io.EOF && n == steps:
					unnoticed++ // such as the time in the header of a gzip file
				case err == io.EOF:
					t.Fatalf("bit %d: a clean end after %d steps", i, n)
				case c == journal.None && errors.Is(err, journal.ErrTorn):
					t.Fatalf("bit %d: %v", i, err)
				}
			}
			if c == journal.None && unnoticed > 0 || unnoticed > len(file) {
				t.Errorf("%d bits went unnoticed", unnoticed)
			}
		})
	}
}

// What was flushed is read, also while the journal is still being written.
func TestFlushedIsRead(t *testing.T) {
	for name, c := range kinds {
		t.Run(name, func(t *testing.T) {
			var file bytes.Buffer
			w, err := journal.NewWriter(&file, journal.Beginning{Header: header, Snapshot: snapshot,
				Compression: c})
			if err != nil {
				t.Fatal(err)
			}
			for i := range uint64(10) {
				if err := errors.Join(w.Append(step(i+1)), w.Flush()); err != nil {
					t.Fatal(err)
				}
				n, _, err := read(t, bytes.NewReader(file.Bytes()))
				if n != int(i+1) || err != io.EOF && c == journal.None ||
					!errors.Is(err, journal.ErrTorn) && c != journal.None {
					t.Fatalf("after step %d: %d steps, %v", i+1, n, err)
				}
			}
		})
	}
}

// The errors of what a journal is read from are passed on as they are.
func TestReadErrors(t *testing.T) {
	broken := errors.New("the disk is broken")
	for name, c := range kinds {
		t.Run(name, func(t *testing.T) {
			file := written(t, c, 20)
			for cut := range file {
				in := io.MultiReader(bytes.NewReader(file[:cut]), iotest.ErrReader(broken))
				if _, _, err := read(t, in); !errors.Is(err, broken) || errors.Is(err, journal.ErrDamaged) {
					t.Fatalf("cut at %d: %v", cut, err)
				}
			}
		})
	}
}

// A length that promises much more than there is takes no memory for it.
func TestLengthsAreNotBelieved(t *testing.T) {
	length := binary.LittleEndian.AppendUint32(nil, 1<<28)
	length = binary.LittleEndian.AppendUint32(length,
		crc32.Checksum(length, crc32.MakeTable(crc32.Castagnoli)))
	file := append(written(t, journal.None, 1), length...)
	file = append(file, 1, 2, 3, 4, 5, 6)
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if _, _, err := read(b, bytes.NewReader(file)); !errors.Is(err, journal.ErrTorn) {
				b.Fatal(err)
			}
		}
	})
	if n := result.AllocedBytesPerOp(); n > 8<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}
