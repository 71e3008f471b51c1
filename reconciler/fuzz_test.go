package reconciler_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// seedOps are a seed for the fuzzer: operations that reach all kinds of state.
var seedOps = []string{
	`time{seconds:1767225600} add_account{account_id:"a" config{charge_rate:[1000,0,0,0,0]
		max_charge{seconds:3600} max_fanout:2 per_label_task_limits{key:"pool" value:2}}
		balance:[90000000,0,0,0,0]}`,
	`time{seconds:1767225601} task_waiting{request_id:"r1" base_labels:"pool:x"
		provisionable_labels:"os:1" enqueue_time{seconds:1767225600} tags:"t"}`,
	`time{seconds:1767225602} assign_tasks{workers{worker_id:"w1" labels:["pool:x","os:2"]}}`,
	`time{seconds:1767225602} task_running{request_id:"r1" worker_id:"w1"}`,
	`time{seconds:1767225603} task_waiting{request_id:"r2" account_id:"a" base_labels:"pool:x"
		enqueue_time{seconds:1767225600}}`,
	`time{seconds:1767225604} assign_tasks{}`,
	`time{seconds:1767225604} get_cancellations{}`,
	`time{seconds:1767225605} task_absent{request_id:"r1"}`,
	`time{seconds:1767225606} assign_tasks{workers{worker_id:"w1" labels:"pool:x"}
		workers{worker_id:"w2"}}`,
	`time{seconds:1767225607} add_task_error{request_id:"r2" message:"broken"}`,
	`time{seconds:1767226300} assign_tasks{workers{worker_id:"w2"}}`,
	`time{seconds:1767226300} delete_account{account_id:"a"}`,
	`time{seconds:1767226300} reset_balance{account_id:"a"}`,
}

// encode frames operations: a length as a varint, then the bytes.
func encode(f *testing.F, texts []string) []byte {
	var out []byte
	for _, text := range texts {
		op := &protos.Operation{}
		if err := prototext.Unmarshal([]byte(text), op); err != nil {
			f.Fatal(err)
		}
		bytes, err := proto.Marshal(op)
		if err != nil {
			f.Fatal(err)
		}
		out = append(binary.AppendUvarint(out, uint64(len(bytes))), bytes...)
	}
	return out
}

// Whatever bytes operations are made of: each gives a result, or an error of a known kind and an
// unchanged pool.
func FuzzApply(f *testing.F) {
	f.Add(encode(f, seedOps))
	f.Add(encode(f, seedOps[2:7]))
	f.Fuzz(func(t *testing.T, bytes []byte) {
		s, err := scheduler.NewWithConfig(epoch, &scheduler.Config{RequestExpiration: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		state := reconciler.New()
		for n := 0; n < 64 && len(bytes) > 0; n++ {
			size, k := binary.Uvarint(bytes)
			if k <= 0 || size > uint64(len(bytes)-k) {
				return
			}
			op := &protos.Operation{}
			body := bytes[k : k+int(size)]
			bytes = bytes[k+int(size):]
			if proto.Unmarshal(body, op) != nil {
				continue
			}
			before := [][32]byte{s.Hash(), state.Hash()}
			_, err := reconciler.Apply(context.Background(), state, s, op, nil)
			if err == nil {
				continue
			}
			if !errors.Is(err, scheduler.ErrInvalid) && !errors.Is(err, scheduler.ErrInvalidConfig) &&
				!errors.Is(err, scheduler.ErrUnknownAccount) {
				t.Fatalf("an error of an unknown kind: %v", err)
			}
			if before[0] != s.Hash() || before[1] != state.Hash() {
				t.Fatalf("an error changed the pool: %v", err)
			}
		}
		if _, err := scheduler.Restore(s.ToProto()); err != nil {
			t.Fatalf("the scheduler's snapshot is refused: %v", err)
		}
		if _, err := reconciler.Restore(state.ToProto()); err != nil {
			t.Fatalf("the reconciler's snapshot is refused: %v", err)
		}
	})
}

// Whatever bytes a snapshot is made of: restoring it gives an error, or a state that works with a
// scheduler that knows nothing of what it says.
func FuzzRestore(f *testing.F) {
	ops := seedOps[:7]
	s, state := scheduler.New(epoch), reconciler.New()
	for _, text := range ops {
		op := &protos.Operation{}
		if err := prototext.Unmarshal([]byte(text), op); err != nil {
			f.Fatal(err)
		}
		if _, err := reconciler.Apply(context.Background(), state, s, op, nil); err != nil {
			f.Fatal(err)
		}
	}
	bytes, err := proto.Marshal(state.ToProto())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bytes)
	f.Fuzz(func(t *testing.T, bytes []byte) {
		p := &protos.Reconciler{}
		if proto.Unmarshal(bytes, p) != nil {
			return
		}
		state, err := reconciler.Restore(p)
		if err != nil {
			if !errors.Is(err, scheduler.ErrInvalidSnapshot) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		again, err := reconciler.Restore(state.ToProto())
		if err != nil || again.Hash() != state.Hash() {
			t.Fatalf("the snapshot of a restored state is another one: %v", err)
		}
		s := scheduler.New(epoch)
		for i := range 3 {
			for _, q := range p.GetWorkerQueues() {
				state.AssignTasks(context.Background(), s, epoch.Add(time.Duration(i)*time.Hour), nil,
					&reconciler.IdleWorker{ID: scheduler.WorkerID(q.GetWorkerId())})
			}
			state.Cancellations(context.Background())
		}
	})
}
