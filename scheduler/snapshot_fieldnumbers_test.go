package scheduler

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
)

// fieldNumbers are the numbers of the fields of a message, by name.
type fieldNumbers map[protoreflect.Name]protowire.Number

// The numbers of fields are those of state.proto; and of a message that is written and read here,
// all fields are known, so that a new one cannot be forgotten.
func TestFieldNumbers(t *testing.T) {
	for _, c := range []struct {
		message proto.Message
		want    fieldNumbers
	}{
		{&protos.LabelSet{}, fieldNumbers{"label_ids": fieldLabelSetLabelIDs}},
		{&protos.Request{}, fieldNumbers{
			"id": fieldRequestID, "content": fieldRequestContent,
			"confirmed_time": fieldRequestConfirmedTime, "blocked": fieldRequestBlocked, "lost_work": fieldRequestLostWork,
		}},
		{&protos.RequestContent{}, fieldNumbers{
			"account": fieldContentAccount, "base_label_set": fieldContentBaseLabelSet,
			"provisionable_label_set": fieldContentProvisionableLabelSet,
			"enqueue_time":            fieldContentEnqueueTime, "tags": fieldContentTags,
		}},
		{&protos.Worker{}, fieldNumbers{
			"id": fieldWorkerID, "label_set": fieldWorkerLabelSet,
			"confirmed_time": fieldWorkerConfirmedTime, "idle_since": fieldWorkerIdleSince,
			"run": fieldWorkerRun,
		}},
		{&protos.Run{}, fieldNumbers{
			"request": fieldRunRequest, "priority": fieldRunPriority, "cost": fieldRunCost,
			"paid_since": fieldRunPaidSince, "preemption_cost": fieldRunPreemptionCost,
			"start_time": fieldRunStartTime, "stage": fieldRunStage,
			"next_content": fieldRunNextContent, "hand_out_time": fieldRunHandOutTime,
			"saved_time": fieldRunSavedTime,
		}},
		{&durationpb.Duration{}, fieldNumbers{
			"seconds": fieldDurationSeconds, "nanos": fieldDurationNanos,
		}},
		{&timestamppb.Timestamp{}, fieldNumbers{
			"seconds": fieldTimestampSeconds, "nanos": fieldTimestampNanos,
		}},
	} {
		require.Equal(t, c.want, numbersOf(c.message), "%T", c.message)
	}

	all := numbersOf(&protos.Scheduler{})
	require.Equal(t, fieldSchedulerLabelSets, all["label_sets"])
	require.Equal(t, fieldSchedulerWaitingRequests, all["waiting_requests"])
	require.Equal(t, fieldSchedulerWorkers, all["workers"])
	require.Equal(t, fieldSchedulerCordons, all["cordons"])
	for name, number := range all {
		require.LessOrEqual(t, number, fieldSchedulerLast, name)
	}
}

// numbersOf returns the numbers of the fields of a message.
func numbersOf(m proto.Message) fieldNumbers {
	numbers := fieldNumbers{}
	fields := m.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		numbers[fields.Get(i).Name()] = fields.Get(i).Number()
	}
	return numbers
}
