package forecast_test

import (
	"time"

	durations "google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
)

// timestamp is so many minutes after nine.
func timestamp(minutes int) *timestamppb.Timestamp {
	return timestamppb.New(nine.Add(time.Duration(minutes) * time.Minute))
}

func durationpb(d time.Duration) *durations.Duration { return durations.New(d) }

// waits is the news of a request that waits, so many minutes after nine.
func waits(id, account string, minutes int, labels ...string) *protos.Operation {
	return &protos.Operation{Time: timestamp(minutes), Kind: &protos.Operation_TaskWaiting{
		TaskWaiting: &protos.TaskWaiting{RequestId: id, AccountId: account, BaseLabels: labels,
			EnqueueTime: timestamp(minutes)}}}
}
