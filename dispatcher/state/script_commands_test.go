package state

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

func (s *script) text(d *datadriven.TestData, key, otherwise string) string {
	for _, a := range d.CmdArgs {
		if a.Key == key && len(a.Vals) > 0 {
			return a.Vals[0]
		}
	}
	return otherwise
}

func (s *script) number(d *datadriven.TestData, key string, otherwise int) int {
	n, err := strconv.Atoi(s.text(d, key, strconv.Itoa(otherwise)))
	require.NoError(s.t, err)
	return n
}

func (s *script) duration(d *datadriven.TestData, key string) *durationpb.Duration {
	text := s.text(d, key, "")
	if text == "" {
		return nil
	}
	v, err := time.ParseDuration(text)
	require.NoError(s.t, err)
	return durationpb.New(v)
}

func (s *script) list(d *datadriven.TestData, key string) []string {
	if text := s.text(d, key, ""); text != "" {
		return strings.Split(text, "+")
	}
	return nil
}

func (s *script) settings(d *datadriven.TestData) *dispatch.PoolSettings {
	return &dispatch.PoolSettings{LeaseTtl: s.duration(d, "ttl"),
		AcceptTimeout: s.duration(d, "accept"), DisconnectTimeout: s.duration(d, "disconnect"),
		Scheduler: &protos.Config{RequestExpiration: s.duration(d, "expire")},
		Bounds: &dispatch.Bounds{LiveTasks: int64(s.number(d, "live", 0)),
			LiveTasksPerAccount: int64(s.number(d, "per-account", 0)),
			PayloadBytes:        int64(s.number(d, "payload", 0)),
			EndedTasks:          int64(s.number(d, "ended", 0)), Workers: int64(s.number(d, "workers", 0))}}
}

func (s *script) account(d *datadriven.TestData) *dispatch.SetAccountRequest {
	c := &protos.AccountConfig{ChargeRate: make([]int64, 5), MaxCharge: durationpb.New(time.Hour),
		MaxFanout: int64(s.number(d, "fanout", 0))}
	a := &dispatch.AccountSettings{Config: c, Balance: make([]int64, 5)}
	for p := range 5 {
		if rate := s.number(d, fmt.Sprint("p", p), 0); rate > 0 {
			c.ChargeRate[p] = int64(rate) * 1000
			a.Balance[p] = int64(s.number(d, "balance", 0)) * 1_000_000
		}
	}
	return &dispatch.SetAccountRequest{Pool: "lab", AccountId: d.CmdArgs[0].Key, Settings: a,
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"charge_rate", "balance", "max_fanout"}}}
}

func (s *script) submit(d *datadriven.TestData) *replica.SubmitTasks {
	spec := &dispatch.TaskSpec{AccountId: s.text(d, "account", ""), BaseLabels: s.list(d, "base"),
		ProvisionableLabels: s.list(d, "prov"), Key: s.text(d, "key", ""),
		MaxAttempts: int32(s.number(d, "attempts", 0)), RetryOnFailure: int32(s.number(d, "retry", 0))}
	if n := s.number(d, "payload", 0); n > 0 {
		spec.Payload = &dispatch.TaskSpec_Opaque{Opaque: make([]byte, n)}
	}
	if d.HasArg("continue") {
		spec.OnDisconnect = dispatch.TaskSpec_ON_DISCONNECT_CONTINUE
	}
	c := &replica.SubmitTasks{Request: &dispatch.SubmitTasksRequest{Pool: s.text(d, "pool", "lab")}}
	for range s.number(d, "n", 1) {
		s.tasks++
		c.Ids = append(c.Ids, taskID(s.tasks))
		c.Request.Tasks = append(c.Request.Tasks, spec)
	}
	return c
}

// longID returns the id of a task, or of its lease, that a script calls T1.
func longID(text string) string {
	name, rest, isLease := strings.Cut(strings.TrimPrefix(text, "T"), "/")
	n, err := strconv.Atoi(name)
	if err != nil || !strings.HasPrefix(text, "T") {
		return text
	}
	if isLease {
		return taskID(n) + "/" + rest
	}
	return taskID(n)
}

// report makes what a worker says: what it does not say is as in its last report.
func (s *script) report(d *datadriven.TestData) *dispatch.Report {
	name := d.CmdArgs[0].Key
	r := s.reports[name]
	if r == nil {
		r = &dispatch.Report{Pool: "lab", Worker: name, BootId: "b1", InstanceId: "i1", Slots: 1,
			AcceptsWork: true}
		s.reports[name] = r
	}
	r.BootId, r.InstanceId = s.text(d, "boot", r.GetBootId()), s.text(d, "instance", r.GetInstanceId())
	r.Sequence = uint64(s.number(d, "seq", int(r.GetSequence())+1))
	r.Slots = int32(s.number(d, "slots", int(r.GetSlots())))
	if d.HasArg("labels") {
		r.Labels = s.list(d, "labels")
	}
	r.Refusal = s.text(d, "refuse", "")
	r.AcceptsWork = r.GetRefusal() == ""
	r.Leases, r.Epoch = nil, uint64(s.number(d, "epoch", 1))
	for _, a := range d.CmdArgs[1:] {
		if strings.Contains(a.Key, "/") {
			r.Leases = append(r.Leases, s.lease(a.Key, a.Vals[0]))
		}
	}
	return r
}

func (s *script) lease(name, what string) *dispatch.LeaseReport {
	id, slot, _ := strings.Cut(name, "@")
	n, _ := strconv.Atoi(slot)
	phase, result, _ := strings.Cut(what, ":")
	value, known := dispatch.Phase_value["PHASE_"+strings.ToUpper(phase)]
	require.True(s.t, known, phase)
	l := &dispatch.LeaseReport{LeaseId: longID(id), Slot: int32(n), Phase: dispatch.Phase(value)}
	parts := strings.Split(result, "/")
	if len(parts) == 3 {
		ran, _ := time.ParseDuration(parts[1])
		saved, _ := time.ParseDuration(parts[2])
		l.RunningFor, l.SavedFor = durationpb.New(ran), durationpb.New(saved)
	}
	if alive(l.GetPhase()) {
		return l
	}
	l.Result = &dispatch.Result{}
	switch code, err := strconv.Atoi(parts[0]); {
	case err == nil:
		l.Result.Outcome = &dispatch.Result_ExitCode{ExitCode: int32(code)}
	case parts[0] == "timeout":
		l.Result.Outcome, l.Result.TimedOut = &dispatch.Result_Signal{Signal: "SIGKILL"}, true
	case parts[0] == "permanent":
		l.Result.Permanent, l.Result.Message = true, "no such program"
	case parts[0] != "":
		l.Result.Outcome = &dispatch.Result_Signal{Signal: parts[0]}
	}
	return l
}

// command returns the command of a stanza; nil if it only asks.
func (s *script) command(d *datadriven.TestData) *replica.Command {
	first := ""
	if len(d.CmdArgs) > 0 {
		first = d.CmdArgs[0].Key
	}
	c := &replica.Command{}
	pool, reason := s.text(d, "pool", "lab"), s.text(d, "reason", "")
	switch d.Cmd {
	case "create":
		c.Kind = &replica.Command_CreatePool{CreatePool: &dispatch.CreatePoolRequest{Pool: pool,
			External: d.HasArg("external"), Settings: s.settings(d)}}
	case "configure":
		r := &dispatch.ConfigurePoolRequest{Pool: pool, Settings: s.settings(d), UpdateMask: &fieldmaskpb.FieldMask{}}
		for key, path := range map[string]string{"live": "bounds.live_tasks", "ended": "bounds.ended_tasks",
			"ttl": "lease_ttl", "accept": "accept_timeout", "expire": "scheduler.request_expiration"} {
			if d.HasArg(key) {
				r.UpdateMask.Paths = append(r.UpdateMask.Paths, path)
			}
		}
		slices.Sort(r.UpdateMask.Paths)
		c.Kind = &replica.Command_ConfigurePool{ConfigurePool: r}
	case "account":
		c.Kind = &replica.Command_SetAccount{SetAccount: s.account(d)}
	case "delete-account":
		c.Kind = &replica.Command_DeleteAccount{DeleteAccount: &dispatch.DeleteAccountRequest{Pool: pool, AccountId: first}}
	case "suspend":
		c.Kind = &replica.Command_SuspendAccount{SuspendAccount: &dispatch.SuspendAccountRequest{Pool: pool, AccountId: first, Reason: reason}}
	case "resume":
		c.Kind = &replica.Command_ResumeAccount{ResumeAccount: &dispatch.ResumeAccountRequest{Pool: pool, AccountId: first}}
	case "reset":
		c.Kind = &replica.Command_ResetBalance{ResetBalance: &dispatch.ResetBalanceRequest{Pool: pool, AccountId: first}}
	case "submit":
		c.Kind = &replica.Command_SubmitTasks{SubmitTasks: s.submit(d)}
	case "cancel":
		r := &dispatch.CancelTasksRequest{Pool: pool, Reason: reason}
		for _, a := range d.CmdArgs {
			if strings.HasPrefix(a.Key, "T") {
				r.Ids = append(r.Ids, longID(a.Key))
			}
		}
		c.Kind = &replica.Command_CancelTasks{CancelTasks: r}
	case "report":
		c.Kind = &replica.Command_Report{Report: s.report(d)}
	case "silent":
		r := s.reports[first]
		c.Kind = &replica.Command_SilentWorker{SilentWorker: &replica.SilentWorker{Pool: pool, Worker: first,
			BootId: r.GetBootId(), InstanceId: r.GetInstanceId(),
			Sequence: uint64(s.number(d, "seq", int(r.GetSequence())))}}
	case "confirm":
		c.Kind = &replica.Command_ConfirmIdle{ConfirmIdle: &replica.ConfirmIdle{Pool: pool}}
	case "tick", "panic":
		c.Kind = &replica.Command_Tick{Tick: &replica.Tick{}}
	case "wipe":
		c.Kind = &replica.Command_WipePool{WipePool: &dispatch.WipePoolRequest{Pool: pool, Reason: reason}}
	case "delete":
		c.Kind = &replica.Command_DeletePool{DeletePool: &dispatch.DeletePoolRequest{Pool: pool, Force: d.HasArg("force")}}
	case "rules":
		n, _ := strconv.Atoi(first)
		c.Kind = &replica.Command_RaiseRules{RaiseRules: &replica.RaiseRules{RuleVersion: uint32(n)}}
	case "cordon":
		c.Kind = &replica.Command_CordonWorker{CordonWorker: &dispatch.CordonWorkerRequest{Pool: pool, Worker: first, Reason: reason}}
	case "uncordon":
		c.Kind = &replica.Command_UncordonWorker{UncordonWorker: &dispatch.UncordonWorkerRequest{Pool: pool, Worker: first}}
	case "external":
		c.Kind = &replica.Command_External{External: &replica.ExternalOperation{Pool: pool, Operation: s.external(d)}}
	case "direct":
		v := dispatch.Orders_Directive_value["DIRECTIVE_"+d.CmdArgs[1].Key]
		c.Kind = &replica.Command_Direct{Direct: &replica.Direct{Pool: pool, Worker: first, Directive: dispatch.Orders_Directive(v)}}
	default:
		return nil
	}
	return c
}

// external makes an operation of another dispatcher, at a time of its own.
func (s *script) external(d *datadriven.TestData) *protos.Operation {
	id := d.CmdArgs[1].Key
	at := timestamppb.New(s.at.Add(-s.duration(d, "late").AsDuration()))
	op := &protos.Operation{Time: at}
	switch d.CmdArgs[0].Key {
	case "waiting":
		op.Kind = &protos.Operation_TaskWaiting{TaskWaiting: &protos.TaskWaiting{RequestId: id, EnqueueTime: at}}
	case "running":
		op.Kind = &protos.Operation_TaskRunning{TaskRunning: &protos.TaskRunning{RequestId: id, WorkerId: d.CmdArgs[2].Key}}
	case "absent":
		op.Kind = &protos.Operation_TaskAbsent{TaskAbsent: &protos.TaskAbsent{RequestId: id}}
	case "pull":
		op.Kind = &protos.Operation_AssignTasks{AssignTasks: &protos.AssignTasks{
			Workers: []*protos.IdleWorker{{WorkerId: id}}}}
	case "wipe":
		op.Kind = &protos.Operation_Wipe{Wipe: &protos.Wipe{}}
	}
	return op
}
