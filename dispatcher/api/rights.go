package api

import (
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// A rule says what a message of a method needs: all of these actions.
type rule func(m proto.Message) []access.Action

// rules have a rule for each method, by procedure. What is not in them is refused.
var rules = map[string]rule{
	dc.TaskServiceSubmitTasksProcedure: submitting,
	// The accounts of the tasks are known to the state alone: CancelTasks asks about each of them.
	dc.TaskServiceCancelTasksProcedure: inPool(access.View),
	dc.TaskServiceGetTaskProcedure:     inPool(access.View),
	dc.TaskServiceListTasksProcedure:   inPool(access.View),
	dc.TaskServiceWatchTasksProcedure:  inPool(access.View),
	dc.TaskServiceReadLogProcedure:     inPool(access.View),

	dc.WorkerServiceSessionProcedure: working,
	dc.WorkerServiceSyncProcedure:    working,
	dc.WorkerServiceSendLogProcedure: inPool(access.Work),

	dc.AdminServiceCreatePoolProcedure:     always(access.Operate),
	dc.AdminServiceDeletePoolProcedure:     always(access.Operate),
	dc.AdminServiceConfigurePoolProcedure:  inPool(access.Administer),
	dc.AdminServiceWipePoolProcedure:       inPool(access.Administer),
	dc.AdminServiceSetAccountProcedure:     inPool(access.Administer),
	dc.AdminServiceResetBalanceProcedure:   inPool(access.Administer),
	dc.AdminServiceSuspendAccountProcedure: inPool(access.Administer),
	dc.AdminServiceResumeAccountProcedure:  inPool(access.Administer),
	dc.AdminServiceDeleteAccountProcedure:  inPool(access.Administer),
	dc.AdminServiceCordonWorkerProcedure:   inPool(access.Administer),
	dc.AdminServiceUncordonWorkerProcedure: inPool(access.Administer),
	dc.AdminServiceDirectWorkerProcedure:   inPool(access.Administer),

	// ListPools leaves out the pools that the caller may not see.
	dc.ViewServiceListPoolsProcedure:     always(access.Known),
	dc.ViewServiceInspectPoolProcedure:   inPool(access.View),
	dc.ViewServiceListAccountsProcedure:  inPool(access.View),
	dc.ViewServiceListWorkersProcedure:   inPool(access.View),
	dc.ViewServiceExplainTaskProcedure:   inPool(access.View),
	dc.ViewServiceGetUsageProcedure:      inPool(access.View),
	dc.ViewServiceForecastTaskProcedure:  inPool(access.View),
	dc.ViewServiceExportJournalProcedure: inPool(access.View),

	dc.EventServiceFollowEventsProcedure: following,

	dc.ClusterServiceGetStatusProcedure:          always(access.Operate),
	dc.ClusterServiceAddMemberProcedure:          always(access.Operate),
	dc.ClusterServiceRemoveMemberProcedure:       always(access.Operate),
	dc.ClusterServiceTransferLeadershipProcedure: always(access.Operate),
	dc.ClusterServiceBackupProcedure:             always(access.Operate),
	dc.ClusterServiceRestoreProcedure:            always(access.Operate),

	assignTasksMethod: deciding, notifyTasksMethod: deciding,
	getCancellationsMethod: deciding, getCallbacksMethod: deciding,
}

// always is the rule of what concerns no pool alone.
func always(right access.Right) rule {
	return func(proto.Message) []access.Action { return []access.Action{{Right: right}} }
}

// inPool is the rule of messages with a field pool.
func inPool(right access.Right) rule {
	return func(m proto.Message) []access.Action {
		pool := ""
		if named, ok := m.(interface{ GetPool() string }); ok {
			pool = named.GetPool()
		}
		return []access.Action{{Right: right, Pool: pool}}
	}
}

// submitting needs the right to each account that pays.
func submitting(m proto.Message) (needed []access.Action) {
	r, _ := m.(*dispatch.SubmitTasksRequest)
	needed = append(needed, access.Action{Right: access.View, Pool: r.GetPool()})
	asked := map[access.Action]bool{}
	ask := func(a access.Action) {
		if !asked[a] {
			asked[a], needed = true, append(needed, a)
		}
	}
	for _, t := range r.GetTasks() {
		ask(access.Action{Right: access.Submit, Pool: r.GetPool(), Account: t.GetAccountId()})
		if t.GetOnDisconnect() == dispatch.TaskSpec_ON_DISCONNECT_CONTINUE {
			ask(access.Action{Right: access.Continue, Pool: r.GetPool()})
		}
	}
	return needed
}

// working needs the role of a worker of the report's pool.
func working(m proto.Message) []access.Action {
	said, _ := m.(interface{ GetReport() *dispatch.Report })
	return []access.Action{{Right: access.Work, Pool: said.GetReport().GetPool()}}
}

// following needs a view of the pool; the cluster's own events are the operators'.
func following(m proto.Message) []access.Action {
	r, _ := m.(*dispatch.FollowEventsRequest)
	if r.GetPool() == "" {
		return []access.Action{{Right: access.Operate}}
	}
	return []access.Action{{Right: access.View, Pool: r.GetPool()}}
}
