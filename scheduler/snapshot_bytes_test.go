package scheduler_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// longPool is busyPool with whatever makes parts of a snapshot longer than usual.
func longPool(t *testing.T) *scheduler.Scheduler {
	s := busyPool(t)
	for i := range 3 {
		id := scheduler.RequestID(fmt.Sprint("long", i, strings.Repeat("-", 130*i)))
		r := scheduler.NewTaskRequest(id, "", nil, nil, epoch.Add(time.Duration(-i)))
		tags := []string{"", strings.Repeat("tag", 50*i), "ü"}
		if err := s.AddRequest(r, epoch.Add(time.Hour), tags, nil); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func marshalled(t *testing.T, m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSnapshotBytesAreThoseOfTheMessage(t *testing.T) {
	for _, s := range []*scheduler.Scheduler{
		scheduler.New(epoch), scheduler.New(time.Unix(0, 0)), busyPool(t), longPool(t),
	} {
		want := append([]byte("before"), marshalled(t, s.ToProto())...)
		if got := s.AppendSnapshot([]byte("before")); !bytes.Equal(got, want) {
			t.Errorf("bytes are %q, want %q", got, want)
		}
	}
}

func TestRestoredSchedulerDoesNotAliasBytes(t *testing.T) {
	s := longPool(t)
	snapshot := s.AppendSnapshot(nil)
	restored, err := scheduler.RestoreBytes(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	for i := range snapshot {
		snapshot[i] = 'x'
	}
	if restored.Hash() != s.Hash() {
		t.Error("it changed with the bytes")
	}
}

// Other encodings of the same snapshot give the same scheduler.
func TestSnapshotsOfOtherWritersAreRead(t *testing.T) {
	s := longPool(t)
	snapshot := s.AppendSnapshot(nil)
	fields := topFields(t, snapshot)
	for name, other := range map[string][]byte{
		"as it is": snapshot,
		"requests behind workers": join(fields, func(f field) int {
			if f.number == 7 {
				return 9
			}
			return int(f.number)
		}),
		"unknown fields": join(fields, func(f field) int { return int(f.number) },
			protowire.AppendVarint(protowire.AppendTag(nil, 1000, protowire.VarintType), 7)),
		"unknown fields within": join(edit(fields, func(f *field) {
			f.value = protowire.AppendVarint(protowire.AppendTag(f.value, 1000, protowire.VarintType), 7)
		}), func(f field) int { return int(f.number) }),
		"fields twice": join(edit(fields, func(f *field) {
			f.value = protowire.AppendString(protowire.AppendTag(f.value, 3, protowire.BytesType), "")
		}), func(f field) int { return int(f.number) }),
	} {
		restored, err := scheduler.RestoreBytes(other)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if restored.Hash() != s.Hash() {
			t.Errorf("%s: another scheduler", name)
		}
	}
}

func TestBadSnapshotBytesAreRefused(t *testing.T) {
	s := longPool(t)
	snapshot := s.AppendSnapshot(nil)
	fields := topFields(t, snapshot)
	inOrder := func(f field) int { return int(f.number) }
	for name, c := range map[string]struct {
		bytes []byte
		want  string
	}{
		"nothing":   {nil, "rule_version: rule version 0, "},
		"no fields": {[]byte{0xff}, "parse"},
		"cut":       {snapshot[:len(snapshot)-1], "parse"},
		"a request of noise": {
			join(edit(fields, func(f *field) { f.value = []byte{0xff} }), inOrder),
			"waiting_requests[0]: ",
		},
		"an id that is not UTF-8": {
			join(edit(fields, func(f *field) { f.value[2] = 0xff }), inOrder),
			"waiting_requests[0].id: ",
		},
		"all of it twice": {
			join(append(slices.Clone(fields), fields...), inOrder), "is not in order",
		},
	} {
		_, err := scheduler.RestoreBytes(c.bytes)
		if !errors.Is(err, scheduler.ErrInvalidSnapshot) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want %q", name, err, c.want)
		}
	}
	// No cut makes it panic, or is taken for the whole.
	for n := range snapshot {
		s, err := scheduler.RestoreBytes(snapshot[:n])
		p := &protos.Scheduler{}
		if whole := proto.Unmarshal(snapshot[:n], p); whole != nil && err == nil {
			t.Fatalf("%d of %d bytes give %v", n, len(snapshot), s)
		}
	}
}

// A field is a field of a snapshot.
type field struct {
	number protowire.Number
	typ    protowire.Type
	value  []byte // of a number: as it is written
}

func topFields(t *testing.T, b []byte) (fields []field) {
	for len(b) > 0 {
		number, typ, n := protowire.ConsumeTag(b)
		size := protowire.ConsumeFieldValue(number, typ, b[n:])
		if n < 0 || size < 0 {
			t.Fatal("a snapshot is no message")
		}
		value := b[n : n+size]
		if typ == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		fields = append(fields, field{number, typ, slices.Clone(value)})
		b = b[n+size:]
	}
	return fields
}

// edit returns the fields with the first waiting request edited.
func edit(fields []field, change func(*field)) (edited []field) {
	done := false
	for _, f := range fields {
		if f.number == 7 && !done {
			f.value = slices.Clone(f.value)
			change(&f)
			done = true
		}
		edited = append(edited, f)
	}
	return edited
}

// join writes the fields in the order of their places, and what more there is behind them.
func join(fields []field, place func(field) int, more ...[]byte) (b []byte) {
	fields = slices.Clone(fields)
	slices.SortStableFunc(fields, func(x, y field) int { return place(x) - place(y) })
	for _, f := range fields {
		b = protowire.AppendTag(b, f.number, f.typ)
		if f.typ == protowire.BytesType {
			b = protowire.AppendBytes(b, f.value)
		} else {
			b = append(b, f.value...)
		}
	}
	return append(b, bytes.Join(more, nil)...)
}
