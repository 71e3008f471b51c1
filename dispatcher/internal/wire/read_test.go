package wire

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/scramble"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// randomEntry returns an entry with commands that submit and cancel tasks, and some others. A
// command without a kind cannot be told from an unknown one.
func randomEntry(r *rand.Rand, fields map[protoreflect.FullName]bool) *replica.Entry {
	e := &replica.Entry{}
	scramble.Message(r, e.ProtoReflect(), fields)
	for range r.IntN(3) {
		submit, cancel := &replica.SubmitTasks{}, &dispatch.CancelTasksRequest{}
		scramble.Message(r, submit.ProtoReflect(), fields)
		scramble.Message(r, cancel.ProtoReflect(), fields)
		e.Commands = append(e.Commands,
			&replica.Command{Identity: "ci", Kind: &replica.Command_SubmitTasks{SubmitTasks: submit}},
			&replica.Command{RequestId: "r", Kind: &replica.Command_CancelTasks{CancelTasks: cancel}})
	}
	return e
}

// checkEntry checks what was read of an entry against what the standard library reads.
func checkEntry(t *testing.T, b []byte, got *Entry) {
	want := &replica.Entry{}
	require.NoError(t, proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(b, want))
	require.Empty(t, cmp.Diff(want, &got.Message, protocmp.Transform()))
	require.Equal(t, len(b), proto.Size(want))
	require.Len(t, got.Specs, len(want.GetCommands()))
	for i, c := range want.GetCommands() {
		if got.Specs[i] == nil {
			continue
		}
		require.Len(t, got.Specs[i], len(c.GetSubmitTasks().GetRequest().GetTasks()))
		for k, s := range c.GetSubmitTasks().GetRequest().GetTasks() {
			spec, err := deterministic.Marshal(s)
			require.NoError(t, err)
			require.Equal(t, spec, got.Specs[i][k])
		}
	}
}

// TestWhatIsMarshalledIsRead is about random messages, in which each field that there is may be set.
func TestWhatIsMarshalledIsRead(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	fields := map[protoreflect.FullName]bool{}
	submits := 0
	var lists []string
	var reader EntryReader
	for range 300 {
		b, err := deterministic.Marshal(randomEntry(r, fields))
		require.NoError(t, err)
		e, ok := reader.Read(b)
		require.True(t, ok, "%x", b)
		checkEntry(t, b, e)
		for _, specs := range e.Specs {
			submits += len(specs)
		}

		s := &dispatch.TaskSpec{}
		scramble.Message(r, s.ProtoReflect(), fields)
		b, err = deterministic.Marshal(s)
		require.NoError(t, err)
		got, ok := ReadSpec(b)
		require.True(t, ok, "%x", b)
		require.Empty(t, cmp.Diff(s, got, protocmp.Transform()))

		s.Payload = nil
		var head dispatch.TaskSpec
		require.True(t, ReadHead(&head, b, &lists), "%x", b)
		require.Empty(t, cmp.Diff(s, &head, protocmp.Transform()))
	}
	require.Greater(t, submits, 200)
	require.Greater(t, len(fields), 60, "the messages have fields")
}

// TestOtherBytesAreNotRead is about bytes that mean something, but that deterministic marshalling
// does not make.
func TestOtherBytesAreNotRead(t *testing.T) {
	for name, b := range map[string]string{
		"a field twice":             "\x0a\x01a\x0a\x01b",
		"fields in another order":   "\x12\x01a\x0a\x01b",
		"an empty text":             "\x0a\x00",
		"a number that is zero":     "\x50\x00",
		"a length of two bytes":     "\x0a\x81\x00a",
		"a number of 64 bits":       "\x50\xff\xff\xff\xff\x1f",
		"an unknown field":          "\x7a\x00",
		"a known field, other wire": "\x08\x01",
		"two payloads":              "\x2a\x01a\x32\x00",
		"no UTF-8":                  "\x0a\x01\xff",
		"an end within a text":      "\x0a\x05a",
		"keys out of order":         "\x32\x10\x12\x06\x0a\x01b\x12\x01x\x12\x06\x0a\x01a\x12\x01x",
		"a key twice":               "\x32\x10\x12\x06\x0a\x01a\x12\x01x\x12\x06\x0a\x01a\x12\x01x",
		"a key without a value":     "\x32\x05\x12\x03\x0a\x01a",
	} {
		_, ok := ReadSpec([]byte(b))
		require.False(t, ok, name)
	}
}

// FuzzReadEntry reads made-up entries. What is read is what the standard library reads.
func FuzzReadEntry(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		b, err := deterministic.Marshal(randomEntry(r, map[protoreflect.FullName]bool{}))
		require.NoError(f, err)
		f.Add(b)
	}
	b, err := deterministic.Marshal(&replica.Entry{RuleVersion: 1, NodeId: "n1",
		Time: &timestamppb.Timestamp{Seconds: 1}, Commands: []*replica.Command{
			{Kind: &replica.Command_SubmitTasks{SubmitTasks: &replica.SubmitTasks{Ids: []string{"1"},
				Request: &dispatch.SubmitTasksRequest{Pool: "lab", Tasks: []*dispatch.TaskSpec{{
					AccountId: "a", BaseLabels: []string{"os:linux"}, Tags: []string{"t"}, Key: "k",
					Grace: &durationpb.Duration{Seconds: 1}, Payload: &dispatch.TaskSpec_Exec{
						Exec: &dispatch.Exec{Command: []string{"run"}, Limits: &dispatch.Limits{Processes: 1},
							Environment: map[string]string{"a": "b", "c": ""}}}}}}}}},
			{Kind: &replica.Command_Tick{Tick: &replica.Tick{}}},
			{Kind: &replica.Command_CancelTasks{CancelTasks: &dispatch.CancelTasksRequest{
				Pool: "lab", Ids: []string{"1", "2"}, Reason: "why"}}}}})
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, ok := (&EntryReader{}).Read(b); ok {
			checkEntry(t, b, e)
		}
	})
}

// FuzzReadSpec reads made-up specs. What is read is what the standard library reads, and marshals to
// the same bytes.
func FuzzReadSpec(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 20 {
		s := &dispatch.TaskSpec{}
		scramble.Message(r, s.ProtoReflect(), map[protoreflect.FullName]bool{})
		b, err := deterministic.Marshal(s)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := ReadSpec(b)
		var head dispatch.TaskSpec
		if headOK := ReadHead(&head, b, &[]string{}); !ok {
			if headOK { // with a payload that cannot be read
				s, err := deterministic.Marshal(&head)
				require.NoError(t, err)
				require.True(t, bytes.HasPrefix(b, s))
			}
			return
		}
		want := &dispatch.TaskSpec{}
		require.NoError(t, proto.Unmarshal(b, want))
		require.Empty(t, cmp.Diff(want, got, protocmp.Transform()))
		again, err := deterministic.Marshal(want)
		require.NoError(t, err)
		require.Equal(t, b, again)
		want.Payload = nil
		require.Empty(t, cmp.Diff(want, &head, protocmp.Transform()))
	})
}
