package pool_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Errors stand in logs, journals and answers, so that none is as long as the ids that it names.
func TestErrorTextsAreShort(t *testing.T) {
	const longest = 3000 // bytes
	long := strings.Repeat("ä", 5<<20)
	bad := long + "\xff"
	time := timestamppb.New(start)
	config := earning(1)
	config.PerLabelTaskLimits = map[string]int{long: -1}
	for name, op := range map[string]*protos.Operation{
		"account id":  pool.AddAccount(start, pool.Account{ID: scheduler.AccountID(bad)}),
		"no settings": pool.AddAccount(start, pool.Account{ID: scheduler.AccountID(long)}),
		"limit": pool.AddAccount(start, pool.Account{ID: scheduler.AccountID(long),
			Config: config}),
		"unknown account": pool.DeleteAccount(start, scheduler.AccountID(long)),
		"request id":      pool.TaskAbsent(start, scheduler.RequestID(bad)),
		"worker id":       pool.TaskRunning(start, "r", scheduler.WorkerID(bad)),
		"tag": pool.TaskWaiting(start, scheduler.TaskRequest{ID: scheduler.RequestID(long),
			Tags: []string{bad}, EnqueueTime: start}),
		"label": pool.TaskWaiting(start, scheduler.TaskRequest{ID: scheduler.RequestID(long),
			BaseLabels: []string{bad}, EnqueueTime: start}),
		"enqueue time": pool.TaskWaiting(start, scheduler.TaskRequest{
			ID: scheduler.RequestID(long)}),
	} {
		p, err := pool.New(start, &scheduler.Config{})
		require.NoError(t, err)
		outcome, err := p.Step(context.Background(), op)
		require.Error(t, err, name)
		require.Less(t, len(outcome.GetError()), longest, name)
	}
	assigned := &protos.TaskToAssign{RequestId: long, SinceTime: time}
	for name, spoil := range map[string]func(*protos.Pool){
		"label": func(p *protos.Pool) { p.Scheduler.Labels = []string{long, long} },
		"account": func(p *protos.Pool) {
			p.Scheduler.AccountIds = []string{long, long}
		},
		"request": func(p *protos.Pool) {
			p.Scheduler.WaitingRequests[0].Id = long
			p.Scheduler.WaitingRequests = append(p.Scheduler.WaitingRequests,
				p.Scheduler.WaitingRequests[0])
		},
		"queues": func(p *protos.Pool) {
			p.Reconciler.WorkerQueues = []*protos.WorkerQueue{
				{WorkerId: long, TaskToAssign: assigned}, {WorkerId: long + "b", TaskToAssign: assigned}}
		},
		"entry": func(p *protos.Pool) {
			p.Reconciler.WorkerQueues = []*protos.WorkerQueue{
				{WorkerId: long, TaskToAssign: assigned}}
		},
	} {
		snapshot := busy(t).Snapshot()
		spoil(snapshot)
		_, err := pool.Restore(snapshot)
		require.ErrorIs(t, err, scheduler.ErrInvalidSnapshot, name)
		require.Less(t, len(err.Error()), longest, name)
	}
}
