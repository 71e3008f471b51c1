package plain

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// This file says news as operations, without their times.

func waiting(r *scheduler.TaskRequest) *protos.Operation {
	return &protos.Operation{Kind: &protos.Operation_TaskWaiting{TaskWaiting: &protos.TaskWaiting{
		RequestId:           string(r.ID),
		AccountId:           string(r.Account),
		BaseLabels:          r.BaseLabels,
		ProvisionableLabels: r.ProvisionableLabels,
		EnqueueTime:         timestamppb.New(r.EnqueueTime),
		Tags:                r.Tags,
	}}}
}

func running(request, worker string) *protos.Operation {
	return &protos.Operation{Kind: &protos.Operation_TaskRunning{
		TaskRunning: &protos.TaskRunning{RequestId: request, WorkerId: worker}}}
}

func absent(request string) *protos.Operation {
	return &protos.Operation{Kind: &protos.Operation_TaskAbsent{
		TaskAbsent: &protos.TaskAbsent{RequestId: request}}}
}
