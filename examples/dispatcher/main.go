// Command dispatcher is the smallest whole dispatcher: it runs an hour of a device lab in which a
// team with quota takes a worker from one without, on a clock that it moves itself. A real one does
// the same with its own clock, its own requests and workers, and a disk for the snapshot.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// A printer prints what happens.
type printer struct{}

func (printer) AddEvent(e *protos.TaskEvent) {
	fmt.Printf("  event: %s %s %s\n", e.Type.String()[len("TYPE_"):], e.RequestId, e.WorkerId)
}

// A dispatcher has a pool and a time.
type dispatcher struct {
	s     *scheduler.Scheduler
	state *reconciler.State
	now   time.Time
}

func main() {
	log.SetFlags(0)
	start := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	s, err := scheduler.NewWithConfig(start, &scheduler.Config{
		Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{
			"release": {
				ChargeRate: [scheduler.NumPriorities]scheduler.Rate{scheduler.Workers(1)},
				MaxCharge:  time.Hour,
			},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	d := &dispatcher{s: s, state: reconciler.New(), now: start}
	if err := d.hour(); err != nil {
		log.Fatal(err)
	}
}

// hour is what happens in the lab.
func (d *dispatcher) hour() error {
	phone := stringset.NewFromSlice("device:phone")
	fmt.Println("09:00 an experiment without quota waits, and phone-1 pulls")
	if err := d.waiting("experiment", "research", phone); err != nil {
		return err
	}
	d.pull(phone, "phone-1")
	if err := d.running("experiment", "phone-1"); err != nil {
		return err
	}

	d.now = d.now.Add(30 * time.Minute)
	fmt.Println("09:30 a release test waits; its account has saved half an hour")
	if err := d.waiting("release-test", "release", phone); err != nil {
		return err
	}
	d.pull(nil) // nobody pulls, and the pool moves on all the same
	d.cancel()

	d.now = d.now.Add(time.Minute)
	fmt.Println("09:31 the experiment has stopped, and waits for another try; phone-1 pulls")
	if err := d.waiting("experiment", "research", phone); err != nil {
		return err
	}
	d.pull(phone, "phone-1")
	if err := d.running("release-test", "phone-1"); err != nil {
		return err
	}
	d.cancel()
	return d.saveAndRestore()
}

func (d *dispatcher) waiting(r scheduler.RequestID, a scheduler.AccountID,
	labels stringset.Set) error {
	return d.state.NotifyTaskWaiting(context.Background(), d.s, printer{},
		&reconciler.TaskWaitingRequest{
			RequestID: r, AccountID: a, BaseLabels: labels, EnqueueTime: d.now, Time: d.now,
		})
}

func (d *dispatcher) running(r scheduler.RequestID, w scheduler.WorkerID) error {
	return d.state.NotifyTaskRunning(context.Background(), d.s, printer{},
		&reconciler.TaskRunningRequest{RequestID: r, WorkerID: w, Time: d.now})
}

// pull lets the workers ask for tasks, all of which have the same labels.
func (d *dispatcher) pull(labels stringset.Set, workers ...scheduler.WorkerID) {
	var idle []*reconciler.IdleWorker
	for _, w := range workers {
		idle = append(idle, &reconciler.IdleWorker{ID: w, Labels: labels})
	}
	for _, a := range d.state.AssignTasks(context.Background(), d.s, d.now, printer{}, idle...) {
		fmt.Printf("  %s shall run %s\n", a.WorkerID, a.RequestID)
	}
}

// cancel lists what must stop. It is asked again and again until nothing is left.
func (d *dispatcher) cancel() {
	for _, c := range d.state.Cancellations(context.Background()) {
		fmt.Printf("  %s must stop on %s\n", c.RequestID, c.WorkerID)
	}
}

// saveAndRestore shows that a restored pool is the same pool.
func (d *dispatcher) saveAndRestore() error {
	saved := &protos.Pool{Scheduler: d.s.ToProto(), Reconciler: d.state.ToProto()}
	s, err := scheduler.NewFromProto(saved.Scheduler)
	if err != nil {
		return err
	}
	state, err := reconciler.Restore(saved.Reconciler)
	if err != nil {
		return err
	}
	fmt.Printf("saved and restored, the same: %v\n",
		s.Hash() == d.s.Hash() && state.Hash() == d.state.Hash())
	return nil
}
