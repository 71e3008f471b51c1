package state

import (
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// Bounds of a task.
const (
	PayloadBytesMax = 16_384 // of one task

	labelBytes      = 256
	taskLabelsMax   = 50
	workerLabelsMax = 100
	tagsMax         = 50
	tagBytes        = 1_000
	argumentsMax    = 1_000
	keyBytes        = 256
	signalBytes     = 32
	maxGrace        = 5 * time.Minute
	maxTaskTimeout  = 10 * 365 * 24 * time.Hour
	triesMax        = 100
	leasesMax       = 4_096
	leaseIDBytes    = 64
	reportIDBytes   = 256
	messageBytes    = 1_024
	resultEventsMax = 10
	refusalBytes    = 1_000
)

func checkSubmit(r *dispatch.SubmitTasksRequest) error {
	if n := len(r.GetTasks()); n < 1 || n > listMax {
		return invalid("tasks: %d is not from 1 to %d", n, listMax)
	}
	for i, s := range r.GetTasks() {
		if err := checkSpec(s); err != nil {
			code, text := err.(*Refusal).Code, err.Error()
			return refuse(codes.Code(code), "tasks[%d].%s", i, text)
		}
	}
	return nil
}

// checkSpec returns an error that begins with the field of a spec that is wrong.
func checkSpec(s *dispatch.TaskSpec) error {
	if id := s.GetAccountId(); id != "" {
		if err := checkAccountID(id); err != nil {
			return err
		}
	}
	if n := len(s.GetBaseLabels()) + len(s.GetProvisionableLabels()); n > taskLabelsMax {
		return refuse(codes.ResourceExhausted, "base_labels: %d labels are more than %d", n,
			taskLabelsMax)
	}
	if err := checkLabels("base_labels", s.GetBaseLabels()); err != nil {
		return err
	}
	if err := checkLabels("provisionable_labels", s.GetProvisionableLabels()); err != nil {
		return err
	}
	if n := len(s.GetTags()); n > tagsMax {
		return refuse(codes.ResourceExhausted, "tags: %d are more than %d", n, tagsMax)
	}
	for _, tag := range s.GetTags() {
		if err := checkText("tags", tag, tagBytes); err != nil {
			return err
		}
	}
	if n := payloadBytes(s); n > PayloadBytesMax {
		return refuse(codes.ResourceExhausted, "payload has %d bytes, more than %d", n,
			PayloadBytesMax)
	}
	if err := checkExec(s); err != nil {
		return err
	}
	return checkTries(s)
}

func checkExec(s *dispatch.TaskSpec) error {
	x := s.GetExec()
	if x == nil {
		return nil
	}
	if n := len(x.GetCommand()); n == 0 || n > argumentsMax || x.GetCommand()[0] == "" {
		return invalid("exec.command: not 1 to %d words, of which the first is not empty",
			argumentsMax)
	}
	l := x.GetLimits()
	if l.GetCpuMilli() < 0 || l.GetMemoryBytes() < 0 || l.GetProcesses() < 0 {
		return invalid("exec.limits: negative")
	}
	return nil
}

// checkTries checks how often and how long a task is tried, and how it is stopped.
func checkTries(s *dispatch.TaskSpec) error {
	if err := checkDuration("grace", s.GetGrace(), 0, maxGrace); err != nil {
		return err
	}
	err := checkDuration("timeout", s.GetTimeout(), time.Millisecond, maxTaskTimeout)
	switch _, known := dispatch.TaskSpec_OnDisconnect_name[int32(s.GetOnDisconnect())]; {
	case err != nil:
		return err
	case s.GetMaxAttempts() < 0 || s.GetMaxAttempts() > triesMax:
		return invalid("max_attempts: %d is not from 1 to %d", s.GetMaxAttempts(), triesMax)
	case s.GetRetryOnFailure() < 0 || s.GetRetryOnFailure() > triesMax:
		return invalid("retry_on_failure: %d is not from 0 to %d", s.GetRetryOnFailure(), triesMax)
	case !known:
		return invalid("on_disconnect: %d is not known", s.GetOnDisconnect())
	}
	if err := checkText("stop_signal", s.GetStopSignal(), signalBytes); err != nil {
		return err
	}
	if s.GetKey() == "" {
		return nil
	}
	return checkName("key", s.GetKey(), keyBytes)
}

// checkDuration returns an error unless a duration is unset or in a range.
func checkDuration(what string, d *durationpb.Duration, least, most time.Duration) error {
	if d == nil {
		return nil
	}
	if v, ok := check.Duration(d); !ok || v < least || v > most {
		return invalid("%s: %v is not from %v to %v", what, v, least, most)
	}
	return nil
}

// checkLabels checks labels, "key" or "key:value".
func checkLabels(what string, labels []string) error {
	for _, label := range labels {
		if err := checkName(what, label, labelBytes); err != nil {
			return err
		}
		if label[0] == ':' {
			return invalid("%s: %s has no key", what, check.Quote(label))
		}
	}
	return nil
}

func checkReport(r *dispatch.Report) error {
	if err := checkWorkerName(r.GetWorker()); err != nil {
		return err
	}
	if err := checkName("boot_id", r.GetBootId(), reportIDBytes); err != nil {
		return err
	}
	if err := checkName("instance_id", r.GetInstanceId(), reportIDBytes); err != nil {
		return err
	}
	if n := len(r.GetLabels()); n > workerLabelsMax {
		return refuse(codes.ResourceExhausted, "labels: %d are more than %d", n, workerLabelsMax)
	}
	if err := checkLabels("labels", r.GetLabels()); err != nil {
		return err
	}
	if err := checkText("refusal", r.GetRefusal(), refusalBytes); err != nil {
		return err
	}
	switch n := r.GetSlots(); {
	case r.GetSequence() == 0:
		return invalid("sequence: 0; the first report has 1")
	case n < 1 || n > slotsMax:
		return invalid("slots: %d is not from 1 to %d", n, slotsMax)
	case len(r.GetLeases()) > leasesMax:
		return refuse(codes.ResourceExhausted, "leases: %d are more than %d", len(r.GetLeases()),
			leasesMax)
	}
	seen := map[string]bool{}
	for _, l := range r.GetLeases() {
		if err := checkLease(l); err != nil {
			return invalid("lease %s: %v", check.Quote(l.GetLeaseId()), err)
		}
		if seen[l.GetLeaseId()] {
			return invalid("lease %s: twice in a report", check.Quote(l.GetLeaseId()))
		}
		seen[l.GetLeaseId()] = true
	}
	return nil
}

// checkLease checks what a report says of a lease.
func checkLease(l *dispatch.LeaseReport) error {
	if err := checkName("lease_id", l.GetLeaseId(), leaseIDBytes); err != nil {
		return err
	}
	if n := l.GetSlot(); n < 0 || n >= slotsMax {
		return invalid("slot %d is not from 0 to %d", n, slotsMax-1)
	}
	if p := l.GetPhase(); p <= unspoken || p > isLost {
		return invalid("phase %d is not known", p)
	}
	if err := checkDuration("running_for", l.GetRunningFor(), 0, maxTaskTimeout); err != nil {
		return err
	}
	running := max(0, l.GetRunningFor().AsDuration())
	if err := checkDuration("saved_for", l.GetSavedFor(), 0, running); err != nil {
		return err
	}
	r := l.GetResult()
	if r.GetOutcome() == nil && l.GetPhase() == isFinished {
		return invalid("it has finished without an outcome")
	}
	if err := checkDuration("result.ran", r.GetRan(), 0, maxTaskTimeout); err != nil {
		return err
	}
	if err := checkText("result.signal", r.GetSignal(), signalBytes); err != nil {
		return err
	}
	if n := len(r.GetEvents()); n > resultEventsMax {
		return refuse(codes.ResourceExhausted, "result.events: %d are more than %d", n, resultEventsMax)
	}
	if err := checkText("result.events", strings.Join(r.GetEvents(), "\n"), messageBytes); err != nil {
		return err
	}
	return checkText("result.message", r.GetMessage(), messageBytes)
}
