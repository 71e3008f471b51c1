package wire

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/quotasched/quotasched/internal/scramble"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// Fields of the commands and events in an outcome of an entry, and of the tasks in a section of a
// snapshot.
const commandsField, eventsField, tasksField = 1, 2, 1

// TestBytesAreThoseOfMarshalling is about random messages, in which each field that there is may be
// set: one that is new and not written is found.
func TestBytesAreThoseOfMarshalling(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	fields := map[protoreflect.FullName]bool{}
	for range 4_000 {
		e := &dispatch.Event{}
		scramble.Message(r, e.ProtoReflect(), fields)
		want, err := deterministic.Marshal(&replica.Outcome{Events: []*dispatch.Event{e}})
		require.NoError(t, err)
		got, size, err := AppendEventField([]byte("before"), eventsField, e)
		require.NoError(t, err)
		require.Equal(t, "before"+string(want), string(got), "%v", e)
		require.Equal(t, proto.Size(e), size)

		o := &protos.Outcome{}
		scramble.Message(r, o.ProtoReflect(), fields)
		got, err = AppendOutcome(nil, o)
		require.NoError(t, err)
		for _, e := range o.GetEvents() {
			e.Pool = ""
		}
		want, err = deterministic.Marshal(o)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "%v", o)

		command := &replica.CommandOutcome{}
		scramble.Message(r, command.ProtoReflect(), fields)
		want, err = deterministic.Marshal(&replica.Outcome{Commands: []*replica.CommandOutcome{command}})
		require.NoError(t, err)
		got, err = AppendCommandField(nil, commandsField, command)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "%v", command)

		task := &replica.StoredTask{}
		scramble.Message(r, task.ProtoReflect(), fields)
		want, err = deterministic.Marshal(&replica.Tasks{Tasks: []*replica.StoredTask{task}})
		require.NoError(t, err)
		got, err = AppendTaskField(nil, tasksField, task)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "%v", task)

		op := &protos.Operation{}
		scramble.Message(r, op.ProtoReflect(), fields)
		want, err = deterministic.Marshal(op)
		require.NoError(t, err)
		got, err = AppendOperation(nil, op)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "%v", op)
	}
	require.Greater(t, len(fields), 60, "the messages have fields")
}

// TestEntriesAreThoseOfMarshalling is about commands that get ids after they were marshalled.
func TestEntriesAreThoseOfMarshalling(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	fields := map[protoreflect.FullName]bool{}
	for range 300 {
		e := randomEntry(r, fields)
		e.Commands = append(e.Commands, &replica.Command{})
		commands := make([]Command, len(e.GetCommands()))
		for i, c := range e.GetCommands() {
			var err error
			commands[i].Bytes, err = deterministic.Marshal(c)
			require.NoError(t, err)
			if s := c.GetSubmitTasks(); s != nil {
				known := len(s.GetIds())
				for range r.IntN(3) * r.IntN(300) {
					s.Ids = append(s.Ids, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
				}
				commands[i].IDs = s.GetIds()[known:]
			}
		}
		want, err := deterministic.Marshal(e)
		require.NoError(t, err)
		got, err := AppendEntry(nil, e, commands)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
	b, err := deterministic.Marshal(&replica.Command{Identity: "ci"})
	require.NoError(t, err)
	_, err = AppendEntry(nil, &replica.Entry{}, []Command{{Bytes: b, IDs: []string{"1"}}})
	require.ErrorIs(t, err, ErrNoTasks)
}

func TestMessagesOfAllLengths(t *testing.T) {
	for n := range 600 {
		for _, length := range []int{n, 16_000 + n, 2_097_000 + n} {
			if length > 20_000 && n%50 != 0 {
				continue
			}
			e := &dispatch.Event{Kind: &dispatch.Event_Task{
				Task: &dispatch.TaskChange{Message: strings.Repeat("x", length)}}}
			want, err := deterministic.Marshal(e)
			require.NoError(t, err)
			got, size, err := AppendEventField(nil, eventsField, e)
			require.NoError(t, err)
			content, _ := protowire.ConsumeBytes(got[1:])
			require.Equal(t, len(want), size)
			require.True(t, string(want) == string(content), "%d bytes", length)
		}
	}
}

func TestTextsAreUTF8(t *testing.T) {
	for _, e := range []*protos.TaskEvent{
		{RequestId: "\xff"},
		{BaseLabels: []string{"\xff"}},
		{Details: &protos.TaskEvent_Assigned_{
			Assigned: &protos.TaskEvent_Assigned{PreemptedRequestId: "\xff"}}},
	} {
		_, err := AppendOutcome(nil, &protos.Outcome{Events: []*protos.TaskEvent{e}})
		require.Error(t, err)
		_, _, err = AppendEventField(nil, eventsField,
			&dispatch.Event{Kind: &dispatch.Event_Scheduler{Scheduler: e}})
		require.Error(t, err)
	}
}
