package state

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
)

func repeat(text string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = text
	}
	return all
}

// TestCheckNamesWhatIsWrong makes one thing wrong at a time in a task, a report and a pool's settings.
func TestCheckNamesWhatIsWrong(t *testing.T) {
	spec := func(change func(*dispatch.TaskSpec)) proto.Message {
		s := &dispatch.TaskSpec{AccountId: "red", BaseLabels: []string{"os:linux", "gpu"}, Tags: []string{"t"}, Key: "k",
			StopSignal: "SIGINT", Grace: durationpb.New(time.Minute), Timeout: durationpb.New(time.Hour),
			Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{Command: []string{"true"}}}}
		change(s)
		return &dispatch.SubmitTasksRequest{Pool: "lab", Tasks: []*dispatch.TaskSpec{s}}
	}
	report := func(change func(*dispatch.Report)) proto.Message {
		r := &dispatch.Report{Pool: "lab", Worker: "w.1_a-B", BootId: "b", InstanceId: "i", Sequence: 1, Slots: 1024,
			Labels: []string{"os:linux"}, Leases: []*dispatch.LeaseReport{{LeaseId: "T/1", Phase: isRunning,
				RunningFor: durationpb.New(time.Minute), SavedFor: durationpb.New(time.Minute)}}}
		change(r)
		return r
	}
	settings := func(change func(*dispatch.PoolSettings)) proto.Message {
		s := &dispatch.PoolSettings{LeaseTtl: durationpb.New(2 * time.Second), Bounds: &dispatch.Bounds{Workers: 5}}
		change(s)
		return &dispatch.CreatePoolRequest{Pool: "lab", Settings: s}
	}
	type S = dispatch.TaskSpec
	type R = dispatch.Report
	for _, c := range []struct {
		request proto.Message
		code    codes.Code
		want    string
	}{
		{spec(func(*S) {}), codes.OK, ""},
		{report(func(*R) {}), codes.OK, ""},
		{settings(func(*dispatch.PoolSettings) {}), codes.OK, ""},
		{&dispatch.SubmitTasksRequest{Pool: "lab"}, codes.InvalidArgument, "tasks: 0 is not from 1 to 1000"},
		{&dispatch.SubmitTasksRequest{Pool: "1ab"}, codes.InvalidArgument, `pool "1ab"`},
		{&dispatch.SubmitTasksRequest{Pool: strings.Repeat("a", 64)}, codes.InvalidArgument, "62 lower-case"},
		{&dispatch.CancelTasksRequest{Pool: "lab"}, codes.InvalidArgument, "ids: 0"},
		{&dispatch.CancelTasksRequest{Pool: "lab", Reason: strings.Repeat("a", 1001)}, codes.InvalidArgument, "reason has 1001"},
		{&dispatch.CancelTasksRequest{Pool: "lab", RequestId: strings.Repeat("a", 129)}, codes.InvalidArgument, "request_id has 129"},
		{&dispatch.CancelTasksRequest{Pool: "lab", Reason: "\xff"}, codes.InvalidArgument, "reason is not UTF-8"},
		{&dispatch.SetAccountRequest{Pool: "lab"}, codes.InvalidArgument, "account_id is empty"},
		{&dispatch.CordonWorkerRequest{Pool: "lab", Worker: "a\x00"}, codes.InvalidArgument, "control characters"},
		{&dispatch.CreatePoolRequest{Pool: "lab", Accounts: map[string]*dispatch.AccountSettings{"": {}}},
			codes.InvalidArgument, "accounts: an id is empty"},
		{spec(func(s *S) { s.AccountId = strings.Repeat("a", 129) }), codes.InvalidArgument, "tasks[0].account_id has 129"},
		{spec(func(s *S) { s.BaseLabels = repeat("a", 51) }), codes.ResourceExhausted, "51 labels are more than 50"},
		{spec(func(s *S) { s.BaseLabels = []string{""} }), codes.InvalidArgument, "base_labels is empty"},
		{spec(func(s *S) { s.BaseLabels = []string{":x"} }), codes.InvalidArgument, `":x" has no key`},
		{spec(func(s *S) { s.ProvisionableLabels = []string{strings.Repeat("a", 257)} }), codes.InvalidArgument,
			"provisionable_labels has 257"},
		{spec(func(s *S) { s.Tags = repeat("a", 51) }), codes.ResourceExhausted, "tags: 51"},
		{spec(func(s *S) { s.Tags = []string{strings.Repeat("a", 1001)} }), codes.InvalidArgument, "tags has 1001"},
		{spec(func(s *S) { s.Payload = &dispatch.TaskSpec_Opaque{Opaque: make([]byte, 16_385)} }), codes.ResourceExhausted,
			"payload has 16385 bytes, more than 16384"},
		{spec(func(s *S) { s.GetExec().Command = nil }), codes.InvalidArgument, "exec.command"},
		{spec(func(s *S) { s.GetExec().Command = []string{""} }), codes.InvalidArgument, "exec.command"},
		{spec(func(s *S) { s.GetExec().Limits = &dispatch.Limits{CpuMilli: -1} }), codes.InvalidArgument, "exec.limits"},
		{spec(func(s *S) { s.Grace = durationpb.New(6 * time.Minute) }), codes.InvalidArgument, "grace: 6m0s is not from 0s to 5m0s"},
		{spec(func(s *S) { s.Timeout = durationpb.New(0) }), codes.InvalidArgument, "timeout: 0s"},
		{spec(func(s *S) { s.Timeout = &durationpb.Duration{Seconds: 1 << 60} }), codes.InvalidArgument, "timeout"},
		{spec(func(s *S) { s.MaxAttempts = 101 }), codes.InvalidArgument, "max_attempts: 101"},
		{spec(func(s *S) { s.RetryOnFailure = -1 }), codes.InvalidArgument, "retry_on_failure: -1"},
		{spec(func(s *S) { s.OnDisconnect = 7 }), codes.InvalidArgument, "on_disconnect: 7"},
		{spec(func(s *S) { s.StopSignal = strings.Repeat("a", 33) }), codes.InvalidArgument, "stop_signal has 33"},
		{spec(func(s *S) { s.Key = "a\n" }), codes.InvalidArgument, "key"},
		{report(func(r *R) { r.Worker = "a/0" }), codes.InvalidArgument, `worker "a/0"`},
		{report(func(r *R) { r.BootId = "" }), codes.InvalidArgument, "boot_id is empty"},
		{report(func(r *R) { r.InstanceId = "" }), codes.InvalidArgument, "instance_id is empty"},
		{report(func(r *R) { r.Labels = repeat("a", 101) }), codes.ResourceExhausted, "labels: 101"},
		{report(func(r *R) { r.Labels = []string{""} }), codes.InvalidArgument, "labels is empty"},
		{report(func(r *R) { r.Refusal = strings.Repeat("a", 1001) }), codes.InvalidArgument, "refusal has 1001"},
		{report(func(r *R) { r.Sequence = 0 }), codes.InvalidArgument, "sequence: 0"},
		{report(func(r *R) { r.Slots = 1025 }), codes.InvalidArgument, "slots: 1025"},
		{report(func(r *R) { r.Leases = append(r.Leases, r.Leases[0]) }), codes.InvalidArgument, "twice in a report"},
		{report(func(r *R) { r.Leases = make([]*dispatch.LeaseReport, 4097) }), codes.ResourceExhausted, "leases: 4097"},
		{report(func(r *R) { r.Leases[0].LeaseId = "" }), codes.InvalidArgument, "lease_id is empty"},
		{report(func(r *R) { r.Leases[0].Slot = -1 }), codes.InvalidArgument, "slot -1"},
		{report(func(r *R) { r.Leases[0].Phase = 8 }), codes.InvalidArgument, "phase 8"},
		{report(func(r *R) { r.Leases[0].Phase = isFinished }), codes.InvalidArgument, "without an outcome"},
		{report(func(r *R) { r.Leases[0].RunningFor = durationpb.New(-1) }), codes.InvalidArgument, "running_for"},
		{report(func(r *R) { r.Leases[0].SavedFor = durationpb.New(time.Hour) }), codes.InvalidArgument,
			"saved_for: 1h0m0s is not from 0s to 1m0s"},
		{report(func(r *R) { r.Leases[0].Result = &dispatch.Result{Ran: durationpb.New(-1)} }), codes.InvalidArgument, "result.ran"},
		{report(func(r *R) {
			r.Leases[0].Result = &dispatch.Result{Outcome: &dispatch.Result_Signal{Signal: strings.Repeat("a", 33)}}
		}), codes.InvalidArgument, "result.signal"},
		{report(func(r *R) { r.Leases[0].Result = &dispatch.Result{Message: strings.Repeat("a", 1025)} }), codes.InvalidArgument,
			"result.message has 1025"},
		{report(func(r *R) { r.Leases[0].Result = &dispatch.Result{Events: repeat("a", 11)} }), codes.InvalidArgument,
			"result.events: 11 are more than 10"},
		{report(func(r *R) { r.Leases[0].Result = &dispatch.Result{Events: []string{strings.Repeat("a", 1025)}} }),
			codes.InvalidArgument, "result.events has 1025"},
		{settings(func(s *dispatch.PoolSettings) { s.LeaseTtl = durationpb.New(time.Second) }), codes.InvalidArgument,
			"settings.lease_ttl: 1s is not from 2s to 1h0m0s"},
		{settings(func(s *dispatch.PoolSettings) { s.Bounds.Workers = 100_001 }), codes.InvalidArgument,
			"settings.bounds.workers: 100001 is not from 0 to 100000"},
		{settings(func(s *dispatch.PoolSettings) { s.Bounds.EndedRetention = durationpb.New(-1) }), codes.InvalidArgument,
			"settings.bounds.ended_retention"},
	} {
		err := Check(c.request)
		if c.code == codes.OK {
			require.NoError(t, err)
			continue
		}
		var r *Refusal
		require.True(t, errors.As(err, &r), "%v: %s", err, c.want)
		require.Contains(t, r.Text, c.want)
		require.Equal(t, uint32(c.code), r.Code, c.want)
	}
}
