package journal_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/protos"
)

// framed returns a record in its frame.
func framed(record []byte) []byte {
	table := crc32.MakeTable(crc32.Castagnoli)
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(record)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, table))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(record, table))
	return append(b, record...)
}

// emptyWorkers returns a journal that begins with a snapshot of n empty workers.
func emptyWorkers(t *testing.T, n int) []byte {
	var b bytes.Buffer
	w, err := journal.NewWriter(&b, journal.Beginning{Snapshot: &protos.Pool{
		Scheduler: &protos.Scheduler{Workers: make([]*protos.Worker, n)}}})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func zipped(t *testing.T, b []byte) []byte {
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return w.EncodeAll(b, nil)
}

// A large snapshot takes the memory of its bytes until it is asked for as a message, and is the same
// then. However it is encoded, its bytes are those of a pool.
func TestSnapshotStaysInBytes(t *testing.T) {
	pool := &protos.Pool{Scheduler: &protos.Scheduler{}, Reconciler: &protos.Reconciler{}}
	for i := range 20_000 {
		pool.Scheduler.Workers = append(pool.Scheduler.Workers, &protos.Worker{
			Id: fmt.Sprintf("w%06d", i), Run: &protos.Run{Request: &protos.Request{Id: "r"}}})
	}
	var file bytes.Buffer
	w, err := journal.NewWriter(&file, journal.Beginning{Snapshot: pool})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	inUse := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := inUse()
	r, err := journal.NewReader(&file)
	require.NoError(t, err)
	require.Less(t, inUse()-before, 2*len(r.SnapshotBytes())+1<<20)
	want, err := proto.MarshalOptions{Deterministic: true}.Marshal(pool)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, r.SnapshotBytes()))
	require.True(t, proto.Equal(pool, r.Snapshot()))

	record, err := proto.Marshal(&protos.JournalRecord{
		Kind: &protos.JournalRecord_Snapshot{Snapshot: pool}})
	require.NoError(t, err)
	head := append([]byte("\x89QSJ\r\n\x1a\x01"), framed([]byte{0x0a, 2, 8, 1})...)
	r, err = journal.NewReader(bytes.NewReader(append(head,
		framed(append([]byte{0x78, 1}, record...))...))) // an unknown field comes first
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, r.SnapshotBytes()))
}

// A file takes memory in proportion to its size, whatever it says.
func TestLimits(t *testing.T) {
	header := append([]byte("\x89QSJ\r\n\x1a\x01"), framed([]byte{0x0a, 2, 8, 1})...)
	zeros := bytes.Repeat([]byte{0}, 30<<20)
	tooLong := binary.LittleEndian.AppendUint32(bytes.Clone(header), 1<<28+1)
	table := crc32.MakeTable(crc32.Castagnoli)
	tooLong = binary.LittleEndian.AppendUint32(tooLong,
		crc32.Checksum(tooLong[len(header):], table))
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty workers": {emptyWorkers(t, 500_000),
			"500002 messages in 1000008 bytes, more than 260002"},
		"a ratio": {zipped(t, append(header, framed(zeros)...)), "compressed bytes say more than"},
		"compressed empty workers": {zipped(t, emptyWorkers(t, 8_000_000)),
			"compressed bytes say more than"},
		"a length": {append(tooLong, 0, 0, 0, 0), "a length of 268435457 is not from 1 to 268435456"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := journal.NewReader(bytes.NewReader(c.file))
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, journal.ErrInvalid, name)
		require.ErrorContains(t, err, c.want, name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100<<20), name)
	}
}
