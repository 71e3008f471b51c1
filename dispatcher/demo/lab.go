package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// LabConfig describes a lab.
type LabConfig struct {
	// Client leads to the dispatcher.
	Client *client.Client
	// Pool is the name of the pool that is made.
	Pool string
	// Speed is how much faster than life the lab is.
	Speed float64
	// Seed makes the same day again.
	Seed uint64
	// Every is how often Say is told what happens.
	Every time.Duration
	// Say takes lines for people.
	Say func(line string)
}

// lab is a lab that runs.
type lab struct {
	LabConfig
	began time.Time
}

// RunLab makes a pool with four accounts and runs 24 simulated devices and a day of four teams'
// tasks, until ctx ends or the day is over.
func RunLab(ctx context.Context, c LabConfig) error {
	l := &lab{LabConfig: c, began: time.Now()}
	if err := l.makePool(ctx); err != nil {
		return orNil(ctx, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	failed := make(chan error, devices+len(teams)) // nil is of teams alone
	for i := range devices {
		d := Device{Dispatcher: c.Client.Workers, Pool: c.Pool, Slots: 1, Speed: c.Speed,
			Name:   fmt.Sprintf("device-%02d", i+1),
			Labels: []string{"model:" + models[i%len(models)], "os:build-100"}}
		running.Go(func() {
			if err := d.Run(ctx); err != nil {
				failed <- err
			}
		})
	}
	for i := range teams {
		r := rand.New(rand.NewPCG(c.Seed, uint64(i)))
		running.Go(func() { failed <- l.submit(ctx, teams[i].arrivals(r)) })
	}
	return orNil(ctx, l.watch(ctx, failed))
}

// orNil returns an error unless ctx has ended.
func orNil(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// makePool makes the pool. Quotas are by the server's clock, so all times are divided by the speed.
func (l *lab) makePool(ctx context.Context) error {
	short := durationpb.New(l.real(10 * time.Minute).Round(time.Millisecond))
	r := &dispatch.CreatePoolRequest{Pool: l.Pool, Accounts: map[string]*dispatch.AccountSettings{},
		Reason: "the demo begins", Settings: &dispatch.PoolSettings{Scheduler: &protos.Config{
			ProvisionPatience: short, BurstCover: short, OwedAfter: short,
			PromoteThreshold: int64(600e6 / l.Speed), DemoteThreshold: -int64(600e6 / l.Speed),
			MaxLostWork: []*durationpb.Duration{short, short, short, short, short},
		}}}
	for _, t := range teams {
		config := proto.CloneOf(t.config)
		config.Description = t.about
		if config.MaxCharge != nil {
			config.MaxCharge = durationpb.New(l.real(config.MaxCharge.AsDuration()).Round(time.Millisecond))
		}
		r.Accounts[t.account] = &dispatch.AccountSettings{Config: config}
	}
	_, err := l.Client.Admin.CreatePool(ctx, connect.NewRequest(r))
	return err
}

// real is how long something takes that takes d in life.
func (l *lab) real(d time.Duration) time.Duration { return time.Duration(float64(d) / l.Speed) }

// clock is the time of day in the lab.
func (l *lab) clock() string {
	passed := time.Duration(float64(time.Since(l.began)) * l.Speed)
	return time.Date(2026, 1, 5, firstHour, 0, 0, 0, time.UTC).Add(passed).Format("15:04")
}

// submit submits what a team wants done, each at its time.
func (l *lab) submit(ctx context.Context, all []arrival) error {
	for _, a := range all {
		sleep(ctx, time.Until(l.began.Add(l.real(a.after))))
		if ctx.Err() != nil {
			return nil
		}
		_, err := l.Client.Tasks.SubmitTasks(ctx, connect.NewRequest(&dispatch.SubmitTasksRequest{
			Pool: l.Pool, Tasks: a.tasks}))
		if err != nil {
			return err
		}
	}
	sleep(ctx, time.Until(l.began.Add(l.real(day))))
	return nil
}

// watch says what happens now and then, until ctx ends, the day is over or a team fails.
func (l *lab) watch(ctx context.Context, failed <-chan error) error {
	tick := time.NewTicker(l.Every)
	defer tick.Stop()
	for open := len(teams); open > 0; {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			if err != nil {
				return err
			}
			open--
		case <-tick.C:
			line, err := l.now(ctx)
			if err != nil {
				return err
			}
			l.Say(line)
		}
	}
	return nil
}

// now says on one line what happens.
func (l *lab) now(ctx context.Context) (string, error) {
	answer, err := l.Client.View.InspectPool(ctx, connect.NewRequest(&dispatch.InspectPoolRequest{
		Pool: l.Pool}))
	if err != nil {
		return "", err
	}
	parts := []string{fmt.Sprintf("%s  %d of %d devices busy", l.clock(),
		answer.Msg.Summary.Workers.GetBusy(), answer.Msg.Summary.Workers.GetKnown())}
	views := map[string]*dispatch.AccountView{}
	for v, err := range l.Client.AllAccounts(ctx, l.Pool) {
		if err != nil {
			return "", err
		}
		views[v.AccountId] = v
	}
	for _, t := range teams {
		if v := views[t.account]; v != nil {
			parts = append(parts, fmt.Sprintf("%s %s", t.account, teamText(v)))
		}
	}
	return strings.Join(append(parts, words.Number(answer.Msg.Summary.Tasks.GetEnded())+" ended"),
		" · "), nil
}

// teamText says how a team's tasks fare: "9+2 run, 12 wait", with those that run for free after the
// plus.
func teamText(v *dispatch.AccountView) string {
	paid, free := int64(0), int64(0)
	for level, n := range v.Running {
		if level < len(v.Running)-1 {
			paid += n
		} else {
			free += n
		}
	}
	text := fmt.Sprintf("%d run", paid)
	if free > 0 {
		text = fmt.Sprintf("%d+%d run", paid, free)
	}
	if v.Waiting > 0 {
		text += fmt.Sprintf(", %d wait", v.Waiting)
	}
	return text
}
