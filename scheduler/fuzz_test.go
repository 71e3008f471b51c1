package scheduler_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.chromium.org/luci/common/data/stringset"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// busyPool returns a pool with a bit of everything: runs of all stages, limits, blocked and waiting
// requests, kept contents, debts.
func busyPool(t testing.TB) *scheduler.Scheduler {
	s, err := scheduler.NewWithConfig(epoch, &scheduler.Config{
		RequestExpiration: time.Hour, PromoteThreshold: 1000, DemoteThreshold: -1000,
	})
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(err)
	for i := range 3 {
		c := &scheduler.AccountConfig{
			MaxCharge:          time.Hour,
			PerLabelTaskLimits: map[string]int{"pool": 1 + i, "none": 0},
			MaxFanout:          i,
			DisableFreeTasks:   i == 2,
		}
		c.ChargeRate[i] = scheduler.Workers(1.5)
		check(s.AddAccount(scheduler.AccountID(fmt.Sprint("a", i)), c,
			scheduler.Balance{int2quota(i), 5_000_000}))
	}
	for i := range 6 {
		labels := stringset.NewFromSlice("pool:x", fmt.Sprint("os:", i%2))
		check(s.MarkIdle(scheduler.WorkerID(fmt.Sprint("w", i)), labels, epoch, nil))
	}
	for i := range 12 {
		id := scheduler.RequestID(fmt.Sprint("r", i))
		r := scheduler.NewTaskRequest(id, scheduler.AccountID(fmt.Sprint("a", i%4)),
			stringset.NewFromSlice("os:1"), stringset.NewFromSlice("pool:x"), epoch)
		check(s.AddRequest(r, epoch, []string{"tag"}, nil))
		if i%4 == 0 {
			s.UpdateTime(epoch.Add(time.Duration(i)*time.Second), nil)
			for j, a := range s.RunOnce(nil) {
				if j%2 == 0 {
					check(s.MarkHandedOut(a.Request, a.Worker))
				}
				if j%3 == 0 {
					now := epoch.Add(time.Duration(i) * time.Second)
					check(s.NotifyTaskRunning(a.Request, a.Worker, now, nil))
				} else {
					r.ID, r.Account = a.Request, "other"
					now := epoch.Add(time.Duration(i) * time.Second)
					check(s.AddRequest(r, now, nil, nil))
				}
			}
		}
	}
	check(s.Block("r11"))
	return s
}

func int2quota(i int) scheduler.Quota { return scheduler.Quota(i) * 90_000_000 }

// Whatever bytes a snapshot is made of: restoring it gives an error, or a scheduler that works.
func FuzzRestore(f *testing.F) {
	snapshot := busyPool(f).ToProto()
	bytes, err := proto.Marshal(snapshot)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bytes)
	f.Add(bytes[:len(bytes)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, bytes []byte) {
		direct, directErr := scheduler.RestoreBytes(bytes)
		if directErr != nil && !errors.Is(directErr, scheduler.ErrInvalidSnapshot) {
			t.Fatalf("an error of another kind: %v", directErr)
		}
		p := &protos.Scheduler{}
		if proto.Unmarshal(bytes, p) != nil {
			if directErr == nil {
				t.Fatal("bytes that are no message are taken for a snapshot")
			}
			return
		}
		s, err := scheduler.Restore(p)
		if fmt.Sprint(err) != fmt.Sprint(directErr) || err == nil && s.Hash() != direct.Hash() {
			t.Fatalf("the message: %v; its bytes: %v", err, directErr)
		}
		if err != nil {
			if !errors.Is(err, scheduler.ErrInvalidSnapshot) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		again, err := scheduler.Restore(s.ToProto())
		if err != nil {
			t.Fatalf("the snapshot of a restored scheduler is refused: %v", err)
		}
		for _, s := range []*scheduler.Scheduler{s, again, direct} {
			exercise(t, s)
		}
		if s.Hash() != again.Hash() || s.Hash() != direct.Hash() {
			t.Fatal("a restored scheduler went another way")
		}
	})
}

// exercise drives a scheduler on from wherever it is.
func exercise(t *testing.T, s *scheduler.Scheduler) {
	now := s.ToProto().GetLastUpdateTime().AsTime()
	for i := range 3 {
		if later := now.Add(time.Duration(i) * time.Minute); later.Year() < 10000 {
			now = later
		}
		s.UpdateTime(now, nil)
		for _, a := range s.RunOnce(nil) {
			if err := s.NotifyTaskRunning(a.Request, a.Worker, now, nil); err != nil {
				t.Fatal(err)
			}
		}
		for w := range s.Workers() {
			if w.Run != nil && len(w.ID)%2 == 0 {
				if err := s.NotifyTaskAbsent(w.Run.Request, w.ConfirmedTime, nil); err != nil {
					t.Fatal(err)
				}
				break
			}
		}
		for id := range s.Balances() {
			if i == 1 {
				if err := s.DeleteAccount(id); err != nil {
					t.Fatal(err)
				}
			}
			break
		}
	}
}
