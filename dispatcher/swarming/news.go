package swarming

import (
	"fmt"
	"slices"
	"strings"

	pluginpb "go.chromium.org/luci/swarming/proto/plugin"
	"google.golang.org/grpc/codes"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/replica"
)

// accountTag is before the name of the account in a tag.
const accountTag = "qs_account:"

// The slices of a task: a bot that has all dimensions runs the first one, and one that is to be
// provisioned the second.
const (
	wholeSlice int32 = 0
	baseSlice  int32 = 1
)

// categoryBits are those of a state that say whether a task waits, runs or is over.
const categoryBits = ^pluginpb.TaskSpec_State(pluginpb.TaskSpec_TASK_STATE_MASK)

// pull returns bots that want a task as an operation of a pool.
func pull(r *pluginpb.AssignTasksRequest) *protos.Operation {
	workers := make([]*protos.IdleWorker, len(r.GetIdleBots()))
	for i, b := range r.GetIdleBots() {
		workers[i] = &protos.IdleWorker{WorkerId: b.GetBotId(), Labels: b.GetDimensions()}
	}
	return &protos.Operation{Time: r.GetTime(), Kind: &protos.Operation_AssignTasks{
		AssignTasks: &protos.AssignTasks{Workers: workers}}}
}

// news returns an item of news as an operation of a pool. What is wrong with a task that waits is
// news, too: the task has an error.
func news(n *pluginpb.NotifyTasksItem) (*protos.Operation, error) {
	t := n.GetTask()
	op := &protos.Operation{Time: n.GetTime()}
	switch pluginpb.TaskSpec_StateCategory(t.GetState() & categoryBits) {
	case pluginpb.TaskSpec_CATEGORY_PENDING:
		if !t.GetEnqueuedTime().IsValid() {
			return nil, refuse(codes.InvalidArgument, "task %.100q: enqueued_time is missing", t.GetId())
		}
		waiting, err := waits(t)
		if err == nil {
			op.Kind = &protos.Operation_TaskWaiting{TaskWaiting: waiting}
			// A pool without a name is refused later, as that is not the task's fault.
			err = state.Check(&replica.ExternalOperation{Pool: "any", Operation: op})
		}
		if err != nil {
			op.Kind = &protos.Operation_AddTaskError{AddTaskError: &protos.AddTaskError{
				RequestId: t.GetId(), Message: err.Error()}}
		}
	case pluginpb.TaskSpec_CATEGORY_RUNNING:
		op.Kind = &protos.Operation_TaskRunning{TaskRunning: &protos.TaskRunning{
			RequestId: t.GetId(), WorkerId: t.GetBotId()}}
	case pluginpb.TaskSpec_CATEGORY_TRANSIENT_DONE, pluginpb.TaskSpec_CATEGORY_EXECUTION_DONE,
		pluginpb.TaskSpec_CATEGORY_NEVER_RAN_DONE:
		op.Kind = &protos.Operation_TaskAbsent{TaskAbsent: &protos.TaskAbsent{
			RequestId: t.GetId()}}
	default:
		return nil, refuse(codes.InvalidArgument, "task %.100q: the state %d is of no category",
			t.GetId(), t.GetState())
	}
	return op, nil
}

// waits returns a task that waits. The error says why it never can run.
func waits(t *pluginpb.TaskSpec) (*protos.TaskWaiting, error) {
	account, err := accountOf(t.GetTags())
	if err != nil {
		return nil, err
	}
	base, provisionable, err := labelsOf(t.GetSlices())
	if err != nil {
		return nil, err
	}
	return &protos.TaskWaiting{RequestId: t.GetId(), AccountId: account, BaseLabels: base,
		ProvisionableLabels: provisionable, EnqueueTime: t.GetEnqueuedTime(),
		Tags: t.GetTags()}, nil
}

// accountOf returns the account that tags name; empty if none does. The same tag may stand twice.
func accountOf(tags []string) (account string, err error) {
	for _, tag := range tags {
		name, is := strings.CutPrefix(tag, accountTag)
		switch {
		case !is:
		case name == "":
			return "", fmt.Errorf("the tag %s names no account", accountTag)
		case account != "" && account != name:
			return "", fmt.Errorf("two accounts: %q and %q", account, name)
		default:
			account = name
		}
	}
	return account, nil
}

// labelsOf returns the dimensions that a bot must have, and those that it can be provisioned with.
func labelsOf(slicesOf []*pluginpb.SliceSpec) (base, provisionable []string, err error) {
	switch len(slicesOf) {
	case 1:
		return slicesOf[wholeSlice].GetDimensions(), nil, nil
	case 2:
	default:
		return nil, nil, fmt.Errorf("%d slices: one or two can be scheduled", len(slicesOf))
	}
	whole, base := slicesOf[wholeSlice].GetDimensions(), slicesOf[baseSlice].GetDimensions()
	for _, d := range base {
		if !slices.Contains(whole, d) {
			return nil, nil, fmt.Errorf(
				"the second slice has the dimension %.100q, which the first one does not have", d)
		}
	}
	for _, d := range whole {
		if !slices.Contains(base, d) {
			provisionable = append(provisionable, d)
		}
	}
	return base, provisionable, nil
}
