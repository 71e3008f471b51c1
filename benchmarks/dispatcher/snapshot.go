package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// snapshots measures for how long nothing is applied, at a time, while the snapshot of a state is
// made and written to a file: when it is frozen, and again and again while tasks are made.
func snapshots(ctx context.Context, s *settings) (figures []figure, err error) {
	for _, size := range []struct {
		tasks, workers int
		bound          float64
	}{{100_000, 10_000, 150}, {1_000_000, 100_000, 1500}} {
		tasks, workers := s.size(size.tasks), s.size(size.workers)
		pauses, err := snapshot(ctx, tasks, workers)
		if err != nil {
			return nil, err
		}
		figures = append(figures, figure{name: fmt.Sprintf("%d tasks, %d workers", tasks, workers),
			value: slices.Max(pauses).Seconds() * 1000, unit: "ms", bound: size.bound})
	}
	return figures, nil
}

// snapshot fills a state, and takes a snapshot of it. It returns for how long it held it up, each
// time.
func snapshot(ctx context.Context, tasks, workers int) (pauses []time.Duration, err error) {
	f := &filled{machine: state.New(state.WithSideBySide(node.SideBySide)),
		at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	if err := f.fill(ctx, tasks, workers); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp("", "qsched-benchmark-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	runtime.GC() // of what filling has left
	pause := func(f func()) {
		began := time.Now()
		f()
		pauses = append(pauses, time.Since(began))
	}
	var s *state.Snapshot
	pause(func() { s, err = node.Freeze(f.machine) })
	if err == nil {
		err = s.Write(file, pause)
	}
	runtime.KeepAlive(f)
	return pauses, err
}

// filled is a state that entries fill.
type filled struct {
	machine *state.Machine
	at      time.Time
	next    int
}

// fill makes tasks that wait and workers that run some of them.
func (f *filled) fill(ctx context.Context, tasks, workers int) error {
	create := &dispatch.CreatePoolRequest{Pool: pool, Accounts: map[string]*dispatch.AccountSettings{},
		Settings: &dispatch.PoolSettings{Bounds: &dispatch.Bounds{LiveTasks: 2_000_000}}}
	for i := range accounts {
		create.Accounts[account(i)] = &dispatch.AccountSettings{Config: &protos.AccountConfig{
			ChargeRate: []int64{1_000_000}, MaxCharge: durationpb.New(time.Hour)}}
	}
	err := f.apply(&replica.Command{Kind: &replica.Command_CreatePool{CreatePool: create}})
	for i := 0; i < workers && err == nil; i++ {
		err = errors.Join(ctx.Err(), f.apply(&replica.Command{Kind: &replica.Command_Report{
			Report: &dispatch.Report{Pool: pool, Worker: fmt.Sprint("host", i), BootId: "boot",
				InstanceId: "instance", Sequence: 1, Slots: 1, AcceptsWork: true,
				Labels: []string{"os:linux", fmt.Sprint("host:", i)}}}}))
	}
	const atOnce = 1000
	for f.next < tasks+workers && err == nil {
		c := &replica.SubmitTasks{Request: &dispatch.SubmitTasksRequest{Pool: pool,
			Tasks: specs(atOnce)}}
		for range atOnce {
			f.next++
			c.Ids = append(c.Ids, fmt.Sprintf("%026d", f.next))
		}
		err = errors.Join(ctx.Err(), f.apply(&replica.Command{
			Kind: &replica.Command_SubmitTasks{SubmitTasks: c}}))
	}
	return err
}

// apply applies one command, a millisecond later than the one before.
func (f *filled) apply(c *replica.Command) error {
	f.at = f.at.Add(time.Millisecond)
	c.Identity = "benchmark"
	applied, err := f.machine.Apply(f.machine.Index()+1, &replica.Entry{
		RuleVersion: state.RuleVersion, Time: timestamppb.New(f.at), Commands: []*replica.Command{c}})
	if err != nil {
		return err
	}
	if o := applied.Outcome.GetCommands()[0]; o.GetCode() != 0 {
		return errors.New(o.GetError())
	}
	return nil
}
