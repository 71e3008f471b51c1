package node

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/internal/scramble"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

func TestUnknownFieldsAreFoundAtAnyDepth(t *testing.T) {
	config, limits, timeout := &protos.AccountConfig{}, &dispatch.Limits{}, durationpb.New(1)
	spec := &dispatch.TaskSpec{Timeout: timeout, BaseLabels: []string{"os:linux"},
		Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{Limits: limits}}}
	create := &replica.Command{Kind: &replica.Command_CreatePool{
		CreatePool: &dispatch.CreatePoolRequest{Accounts: map[string]*dispatch.AccountSettings{
			"web": {Config: config}}}}}
	submit := &replica.Command{Kind: &replica.Command_SubmitTasks{SubmitTasks: &replica.SubmitTasks{
		Request: &dispatch.SubmitTasksRequest{Tasks: []*dispatch.TaskSpec{{}, spec}}}}}
	// varint is a field with a number that is written as number 1.
	varint := func(n protowire.Number) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), 1)
	}
	double := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), 1)
	for _, strange := range [][]byte{varint(5_000), varint(60), double} {
		for _, c := range []struct{ whole, part proto.Message }{
			{create, create}, {create, config}, {submit, spec}, {submit, limits}, {submit, timeout},
		} {
			require.NoError(t, checkKnown(c.whole))
			require.True(t, isKnown(c.whole), "without a look at each field")
			m := c.part.ProtoReflect()
			m.SetUnknown(strange)
			require.ErrorContains(t, checkKnown(c.whole),
				"a "+string(m.Descriptor().Name())+" has fields")
			m.SetUnknown(nil)
		}
	}
}

// Nothing that can be said with the fields that there are is taken for unknown.
func TestAllFieldsAreKnown(t *testing.T) {
	r, fields := rand.New(rand.NewPCG(1, 2)), map[protoreflect.FullName]bool{}
	for range 2_000 {
		for _, m := range []proto.Message{&replica.Command{}, &dispatch.Report{}} {
			scramble.Message(r, m.ProtoReflect(), fields)
			require.True(t, isKnown(m), "%v", m)
		}
	}
	require.Greater(t, len(fields), 100, "the messages have fields")
}

func TestTextIsUTF8AtAnyDepth(t *testing.T) {
	for _, spec := range []*dispatch.TaskSpec{
		{Key: "\xff"},
		{Tags: []string{"good", "\xff"}},
		{Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{
			Environment: map[string]string{"\xff": "B"}}}},
		{Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{
			Environment: map[string]string{"A": "\xff"}}}},
	} {
		require.ErrorContains(t, checkKnown(&dispatch.SubmitTasksRequest{
			Tasks: []*dispatch.TaskSpec{spec}}), "is not UTF-8")
	}
}
