package state

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
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

// TestScripts runs testdata/*.txt as they stand, and again with a snapshot and back after each
// stanza. A stanza is an entry with one command; its output is the outcome, the events, and the
// orders of the workers that it touched. +=DURATION lets time go on before it, and by=NAME
// request=ID say who asks. T1 is the first task.
//
//	create [external] [ttl= accept= disconnect= live= per-account= payload= ended= workers= expire=]
//	configure [the same]
//	account NAME [p0= … p4= balance= fanout=]   delete-account|suspend|resume|reset NAME
//	submit [account= base= prov= key= attempts= retry= continue payload= n=]
//	cancel T1 …
//	report W [slots= boot= instance= seq= labels= epoch= refuse=WHY] [T1/1@SLOT=PHASE[:exit|signal|timeout|permanent[,ran,saved]]] …
//	silent W [seq=]   confirm   tick   wipe   delete [force]   rules N   panic
//	cordon|uncordon W   direct W NONE|DRAIN|EXIT|UPGRADE
//	external waiting|absent R | running R W | pull W | wipe - [late=DURATION]
//	task T1   list   workers   why T1   pool
func TestScripts(t *testing.T) {
	for name, restore := range map[string]bool{"plain": false, "restored": true} {
		t.Run(name, func(t *testing.T) {
			datadriven.Walk(t, filepath.Join("testdata", "scripts"), func(t *testing.T, path string) {
				s := &script{t: t, restore: restore, at: start, reports: map[string]*dispatch.Report{}}
				s.m = New(WithFault(s.fault))
				datadriven.RunTest(t, path, s.run)
			})
		})
	}
}

type script struct {
	t       *testing.T
	m       *Machine
	restore bool
	at      time.Time
	index   uint64
	tasks   int
	reports map[string]*dispatch.Report
	panics  bool
}

func (s *script) fault(string, *protos.Operation) {
	if s.panics {
		panic("planted")
	}
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	s.t = t
	if after := s.text(d, "+", ""); after != "" {
		step, err := time.ParseDuration(after)
		require.NoError(t, err)
		s.at = s.at.Add(step)
	}
	out := s.ask(d)
	if c := s.command(d); c != nil {
		c.Identity, c.RequestId = s.text(d, "by", ""), s.text(d, "request", "")
		out = s.apply(c)
	}
	s.panics = d.Cmd == "panic"
	if s.restore {
		m, err := again(s.m, WithFault(s.fault))
		require.NoError(t, err)
		s.m = m
	}
	return shorten(out)
}

func (s *script) apply(c *replica.Command) string {
	s.index++
	got, err := s.m.Apply(s.index, &replica.Entry{RuleVersion: 1, Time: timestamppb.New(s.at),
		Commands: []*replica.Command{c}})
	if err != nil {
		return "halt: " + err.Error() + "\n"
	}
	require.NoError(s.t, checkInvariants(s.m))
	var out strings.Builder
	o := got.Outcome.GetCommands()[0]
	if o.GetCode() != 0 {
		fmt.Fprintf(&out, "code %d: %s\n", o.GetCode(), o.GetError())
	}
	if ids := o.GetSubmitTasks().GetIds(); ids != nil {
		fmt.Fprintln(&out, "ids", strings.Join(ids, " "))
	}
	for _, a := range o.GetExternal().GetAssignments() {
		fmt.Fprintln(&out, "assigned", a.GetRequestId(), "to", a.GetWorkerId())
	}
	for _, e := range got.Outcome.GetEvents() {
		fmt.Fprintln(&out, eventText(e))
	}
	for _, key := range got.Touched {
		fmt.Fprintln(&out, s.ordersText(key))
	}
	return out.String()
}

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

var longTask = regexp.MustCompile(`01JGK3V6T0(\d{16})`)

func shorten(text string) string {
	return longTask.ReplaceAllStringFunc(text, func(id string) string {
		n, _ := strconv.Atoi(id[10:])
		return fmt.Sprint("T", n)
	})
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

// ask answers a stanza that only asks.
func (s *script) ask(d *datadriven.TestData) string {
	switch d.Cmd {
	case "task":
		got, err := s.m.GetTask(&dispatch.GetTaskRequest{Pool: "lab", Id: longID(d.CmdArgs[0].Key)})
		if err != nil {
			return err.Error() + "\n"
		}
		t := got.GetTask()
		l := t.GetLease()
		out := fmt.Sprintf("%s attempts=%d losses=%d failures=%d preemptions=%d", short(t.GetState()), t.GetAttempts(),
			t.GetLosses(), t.GetFailures(), t.GetPreemptions())
		if l != nil {
			out += fmt.Sprintf(" lease=%s on %s %s", l.GetId(), l.GetWorker(), short(l.GetPhase()))
		}
		if l.GetStopReason() != 0 {
			out += " stop=" + short(l.GetStopReason())
		}
		if t.GetDisconnected() {
			out += " disconnected"
		}
		if t.GetMessage() != "" {
			out += fmt.Sprintf(" %q", t.GetMessage())
		}
		if t.GetResult() != nil {
			out += " result={" + resultText(t.GetResult()) + "}"
		}
		if t.GetLateResult() != nil {
			out += " late={" + resultText(t.GetLateResult()) + "}"
		}
		return out + "\n"
	case "list":
		got, err := s.m.ListTasks(&dispatch.ListTasksRequest{Pool: "lab"})
		require.NoError(s.t, err)
		var out strings.Builder
		for _, t := range got.GetTasks() {
			fmt.Fprintln(&out, t.GetId(), short(t.GetState()))
		}
		return out.String()
	case "workers":
		got, err := s.m.ListWorkers(&dispatch.ListWorkersRequest{Pool: "lab"})
		require.NoError(s.t, err)
		var out strings.Builder
		for _, w := range got.GetWorkers() {
			fmt.Fprintf(&out, "%s lease=%q silent=%v cordoned=%q idle=%v\n", w.GetWorker(), w.GetLease().GetId(),
				w.GetSilent(), w.GetCordoned(), w.GetIdleSince() != nil)
		}
		return out.String()
	case "why":
		got, err := s.m.ExplainTask(&dispatch.ExplainTaskRequest{Pool: "lab", Id: longID(d.CmdArgs[0].Key)})
		if err != nil {
			return err.Error() + "\n"
		}
		return firstLine(got.GetText()) + "\n"
	case "pool":
		got, err := s.m.InspectPool(&dispatch.InspectPoolRequest{Pool: "lab"})
		if err != nil {
			return err.Error() + "\n"
		}
		t, w := got.GetSummary().GetTasks(), got.GetSummary().GetWorkers()
		return fmt.Sprintf("waiting=%d assigned=%d running=%d stopping=%d ended=%d payload=%d known=%d idle=%d busy=%d failed=%v\n",
			t.GetWaiting(), t.GetAssigned(), t.GetRunning(), t.GetStopping(), t.GetEnded(), got.GetPayloadBytes(),
			w.GetKnown(), w.GetIdle(), w.GetBusy(), got.GetSummary().GetStatus().GetFailed())
	}
	return ""
}

func resultText(r *dispatch.Result) string {
	text := fmt.Sprint("exit ", r.GetExitCode())
	if r.GetSignal() != "" {
		text = r.GetSignal()
	}
	if r.GetTimedOut() {
		text += " timed out"
	}
	return text
}

// short is the name of an enum's value without its type.
func short(v fmt.Stringer) string {
	name := v.String()
	for _, prefix := range []string{"STATE_", "PHASE_", "STOP_REASON_", "KIND_", "TYPE_", "DIRECTIVE_"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}

func eventText(e *dispatch.Event) string {
	switch k := e.GetKind().(type) {
	case *dispatch.Event_Task:
		c := k.Task
		out := fmt.Sprintf("task %s %s -> %s", c.GetId(), short(c.GetFrom()), short(c.GetTo()))
		if c.GetLeaseId() != "" {
			out += " " + c.GetLeaseId() + " on " + c.GetWorker()
		}
		if c.GetMessage() != "" {
			out += ": " + c.GetMessage()
		}
		return out
	case *dispatch.Event_Worker:
		return strings.TrimSpace(fmt.Sprintf("worker %s %s %s", k.Worker.GetWorker(), short(k.Worker.GetKind()), k.Worker.GetMessage()))
	case *dispatch.Event_Change:
		c := k.Change
		return strings.Join(strings.Fields(fmt.Sprint("change ", c.GetMethod(), " ", c.GetSubject(), " by=", c.GetIdentity(),
			" before=", c.GetBefore(), " after=", c.GetAfter(), " refusal=", c.GetRefusal())), " ")
	case *dispatch.Event_Failure:
		return "failure " + firstLine(k.Failure.GetText())
	}
	s := e.GetScheduler()
	return strings.TrimSpace(fmt.Sprint("  ", short(s.GetType()), " ", s.GetRequestId(), " ", s.GetWorkerId()))
}

func (s *script) ordersText(key WorkerKey) string {
	o, err := s.m.Orders(key.Pool, key.Worker)
	if err != nil {
		return "orders " + key.Worker + ": " + firstLine(err.Error())
	}
	out := "orders " + key.Worker + ":"
	for _, r := range o.Runs {
		out += fmt.Sprintf(" run %s@%d", r.GetLeaseId(), r.GetSlot())
		if r.GetProvisionRequired() {
			out += "(provision)"
		}
	}
	for _, x := range o.Stops {
		out += fmt.Sprintf(" stop %s(%s)", x.GetLeaseId(), short(x.GetReason()))
	}
	for _, id := range o.Recorded {
		out += " recorded " + id
	}
	if o.Directive != 0 {
		out += " " + short(o.Directive)
	}
	return out
}
