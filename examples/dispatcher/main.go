// Command dispatcher is the smallest whole dispatcher: it runs an hour of a device lab in which a
// team with quota takes a worker from one without, on a clock that it moves itself. A real one does
// the same with its own clock, its own requests and workers, and a disk for the snapshot.
package main

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// A printer prints events.
type printer struct{}

func (printer) AddEvent(e *protos.TaskEvent) {
	words := []string{"  event:", e.Type.String()[len("TYPE_"):], e.RequestId}
	if e.WorkerId != "" {
		words = append(words, e.WorkerId)
	}
	fmt.Println(strings.Join(words, " "))
}

// A dispatcher has a pool and a time.
type dispatcher struct {
	pool *pool.Pool
	now  time.Time
}

func main() {
	log.SetFlags(0)
	start := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	p, err := pool.New(start, &scheduler.Config{
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
	d := &dispatcher{pool: p, now: start}
	if err := d.hour(); err != nil {
		log.Fatal(err)
	}
}

// hour is an hour in the lab.
func (d *dispatcher) hour() error {
	phone := pool.IdleWorker("phone-1", "device:phone")
	experiment := scheduler.TaskRequest{ID: "experiment", Account: "research",
		BaseLabels: phone.Labels, EnqueueTime: d.now}
	fmt.Println("09:00 an experiment without quota waits, and phone-1 pulls")
	err := d.apply(
		pool.TaskWaiting(d.now, experiment),
		pool.AssignTasks(d.now, phone),
		pool.TaskRunning(d.now, "experiment", "phone-1"))
	if err != nil {
		return err
	}

	d.now = d.now.Add(30 * time.Minute)
	release := scheduler.TaskRequest{ID: "release-test", Account: "release",
		BaseLabels: phone.Labels, EnqueueTime: d.now}
	fmt.Println("09:30 a release test waits; its account has saved half an hour")
	err = d.apply(
		pool.TaskWaiting(d.now, release),
		pool.AssignTasks(d.now), // nobody pulls, and the pool moves on all the same
		pool.GetCancellations(d.now))
	if err != nil {
		return err
	}

	d.now = d.now.Add(time.Minute)
	fmt.Println("09:31 the experiment has stopped, and waits for another try; phone-1 pulls")
	err = d.apply(
		pool.TaskWaiting(d.now, experiment),
		pool.AssignTasks(d.now, phone),
		pool.TaskRunning(d.now, "release-test", "phone-1"),
		pool.GetCancellations(d.now)) // nothing must stop any more
	if err != nil {
		return err
	}
	return d.saveAndRestore()
}

// apply runs operations. A real dispatcher hands out the assignments and stops the tasks; whatever
// gets lost on the way is in the next answer again.
func (d *dispatcher) apply(operations ...*protos.Operation) error {
	for _, op := range operations {
		result, err := d.pool.Apply(context.Background(), op, printer{})
		if err != nil {
			return err
		}
		for _, a := range result.Assignments {
			fmt.Printf("  %s shall run %s\n", a.WorkerId, a.RequestId)
		}
		for _, c := range result.Cancellations {
			fmt.Printf("  %s must stop on %s\n", c.RequestId, c.WorkerId)
		}
	}
	return nil
}

// saveAndRestore shows that a restored pool is the same pool.
func (d *dispatcher) saveAndRestore() error {
	restored, err := pool.Restore(d.pool.Snapshot())
	if err != nil {
		return err
	}
	fmt.Printf("saved and restored, the same: %v\n", restored.Hash() == d.pool.Hash())
	return nil
}
