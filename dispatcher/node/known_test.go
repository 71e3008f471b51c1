package node

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

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
	strange := protowire.AppendTag(nil, 5_000, protowire.VarintType)
	strange = protowire.AppendVarint(strange, 1)
	for _, c := range []struct{ whole, part proto.Message }{
		{create, create}, {create, config}, {submit, spec}, {submit, limits}, {submit, timeout},
	} {
		require.NoError(t, checkKnown(c.whole))
		m := c.part.ProtoReflect()
		m.SetUnknown(strange)
		require.ErrorContains(t, checkKnown(c.whole), "a "+string(m.Descriptor().Name())+" has fields")
		m.SetUnknown(nil)
	}
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
