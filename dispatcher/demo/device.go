package demo

import (
	"context"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
	"github.com/quotasched/quotasched/worker"
)

// Device describes a simulated machine: an agent whose tasks are simulated, and which keeps nothing
// on disk.
type Device struct {
	// Dispatcher leads to the dispatcher.
	Dispatcher dispatchconnect.WorkerServiceClient
	// Pool, Name, Labels and Slots are what it reports of itself.
	Pool, Name string
	Labels     []string
	Slots      int
	// Speed is how much faster than life it is; 0 means as in life.
	Speed float64
}

// provisioning is how long it takes to give a slot the labels that it lacks, and stopping how long
// a task takes to stop when it is asked to; both as in life.
const (
	provisioning = 30 * time.Second
	stopping     = 2 * time.Second
)

// Run works until ctx ends, and leaves its tasks alone then, or until the device was told to end
// and has nothing left to do. The error says what is wrong with the description.
func (d Device) Run(ctx context.Context) error {
	if d.Speed == 0 {
		d.Speed = 1
	}
	return worker.Run(context.WithoutCancel(ctx), worker.Config{
		Pool: d.Pool, Name: d.Name, Labels: d.Labels, Slots: d.Slots, Dispatcher: d.Dispatcher,
		Driver: &worker.Simulated{Speed: d.Speed, StopTakes: d.real(stopping)},
		Hooks:  []worker.Hook{{Name: "provisioning", Prestart: d.provision}},
		Leave:  ctx.Done(),
	})
}

// provision takes as long as it takes to give a slot the labels that a task needs.
func (d Device) provision(ctx context.Context, r *dispatch.Run) error {
	if r.ProvisionRequired {
		sleep(ctx, d.real(provisioning))
	}
	return ctx.Err()
}

// real is how long something takes that takes d in life.
func (d Device) real(life time.Duration) time.Duration {
	return time.Duration(float64(life) / d.Speed)
}

// sleep waits for a duration, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
