package state

import (
	"google.golang.org/grpc/codes"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/replica"
)

// Bounds of what another dispatcher says. Its workers and tasks have more labels than those of this
// one, which can be told to have fewer.
const (
	externalIDBytes   = 256
	externalLabelsMax = 1_000
	externalTagsMax   = 200
	externalPullsMax  = 1_000
	errorBytes        = 4_096
)

// checkExternal checks an operation of an external pool as far as that needs no state. The pool
// checks the rest.
func checkExternal(c *replica.ExternalOperation) error {
	op := c.GetOperation()
	at := op.GetTime()
	if at == nil || at.CheckValid() != nil || !check.InRange(at.AsTime()) {
		return invalid("operation.time is missing, or not in the years 1970 to 9999")
	}
	switch k := op.GetKind().(type) {
	case *protos.Operation_TaskWaiting:
		return checkWaiting(k.TaskWaiting)
	case *protos.Operation_TaskRunning:
		if err := checkWorkerID(k.TaskRunning.GetWorkerId()); err != nil {
			return err
		}
		return checkExternalID(requestOf(op))
	case *protos.Operation_TaskAbsent:
		return checkExternalID(requestOf(op))
	case *protos.Operation_AddTaskError:
		if err := checkText("message", k.AddTaskError.GetMessage(), errorBytes); err != nil {
			return err
		}
		return checkExternalID(requestOf(op))
	case *protos.Operation_AssignTasks:
		return checkPulls(k.AssignTasks)
	case *protos.Operation_WorkerGone:
		return checkWorkerID(k.WorkerGone.GetWorkerId())
	case *protos.Operation_GetCancellations:
		return nil
	}
	return invalid("operation: only news, pulls and get_cancellations are of another dispatcher's")
}

// requestOf returns the request that an operation of an external pool speaks of; empty if it speaks
// of none.
func requestOf(op *protos.Operation) string {
	switch k := op.GetKind().(type) {
	case *protos.Operation_TaskWaiting:
		return k.TaskWaiting.GetRequestId()
	case *protos.Operation_TaskRunning:
		return k.TaskRunning.GetRequestId()
	case *protos.Operation_TaskAbsent:
		return k.TaskAbsent.GetRequestId()
	case *protos.Operation_AddTaskError:
		return k.AddTaskError.GetRequestId()
	}
	return ""
}

func checkExternalID(id string) error { return checkName("request_id", id, externalIDBytes) }

func checkWaiting(w *protos.TaskWaiting) error {
	if err := checkExternalID(w.GetRequestId()); err != nil {
		return err
	}
	if id := w.GetAccountId(); id != "" {
		if err := checkAccountID(id); err != nil {
			return err
		}
	}
	if err := checkExternalLabels("base_labels", w.GetBaseLabels()); err != nil {
		return err
	}
	if err := checkExternalLabels("provisionable_labels", w.GetProvisionableLabels()); err != nil {
		return err
	}
	if n := len(w.GetTags()); n > externalTagsMax {
		return refuse(codes.ResourceExhausted, "tags: %d are more than %d", n, externalTagsMax)
	}
	for _, tag := range w.GetTags() {
		if err := checkText("tags", tag, tagBytes); err != nil {
			return err
		}
	}
	return nil
}

func checkPulls(a *protos.AssignTasks) error {
	if n := len(a.GetWorkers()); n > externalPullsMax {
		return refuse(codes.ResourceExhausted, "workers: %d are more than %d", n, externalPullsMax)
	}
	for _, w := range a.GetWorkers() {
		if err := checkWorkerID(w.GetWorkerId()); err != nil {
			return err
		}
		if err := checkExternalLabels("labels", w.GetLabels()); err != nil {
			return err
		}
	}
	return nil
}

// checkExternalLabels checks labels as another dispatcher has them.
func checkExternalLabels(what string, labels []string) error {
	if n := len(labels); n > externalLabelsMax {
		return refuse(codes.ResourceExhausted, "%s: %d are more than %d", what, n,
			externalLabelsMax)
	}
	for _, label := range labels {
		if err := checkText(what, label, tagBytes); err != nil {
			return err
		}
	}
	return nil
}
