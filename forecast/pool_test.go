package forecast_test

import (
	"time"

	durations "google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// timestamp is so many minutes after nine.
func timestamp(minutes int) *timestamppb.Timestamp {
	return timestamppb.New(nine.Add(time.Duration(minutes) * time.Minute))
}

func durationpb(d time.Duration) *durations.Duration { return durations.New(d) }

// waits is the news of a request that waits, so many minutes after nine.
func waits(id, account string, minutes int, labels ...string) *protos.Operation {
	at := timestamp(minutes).AsTime()
	return pool.TaskWaiting(at, scheduler.TaskRequest{ID: scheduler.RequestID(id),
		Account: scheduler.AccountID(account), BaseLabels: labels, EnqueueTime: at})
}
