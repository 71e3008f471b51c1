//go:build !race

package swarming_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	pluginpb "go.chromium.org/luci/swarming/proto/plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// bot polls and runs tasks, until the day is over.
func (d *day) bot(n int) {
	name := fmt.Sprintf("b%03d", n)
	dimensions := []string{"os:linux", fmt.Sprint("model:", n%3), "id:" + name, "image:0"}
	wait := 4 * time.Second
	time.Sleep(d.upTo(time.Minute))
	for !d.done() {
		if d.chance(1) { // it vanishes, and comes back
			d.away(d.length / 2)
		}
		k, slice := d.poll(name, dimensions)
		if k == nil {
			time.Sleep(wait/2 + d.upTo(wait/2))
			wait = min(2*wait, time.Minute)
			continue
		}
		wait = 4 * time.Second
		if slice == 1 {
			dimensions[3] = k.image
		}
		d.run(k)
	}
}

// away waits for up to so long, and not beyond the day.
func (d *day) away(longest time.Duration) {
	for end := time.Now().Add(d.upTo(longest)); time.Now().Before(end) && !d.done(); {
		time.Sleep(time.Minute)
	}
}

// run runs a task.
func (d *day) run(k *task) {
	if k.vanishes {
		time.Sleep(k.takes / 2)
		time.Sleep(5 * time.Minute) // until Swarming notices
		if d.end(k, running, pluginpb.TaskSpec_BOT_DISAPPEARED) {
			d.count(func(c *counts) { c.disappeared++ })
			d.queue(5*time.Minute, d.item(k))
		}
		d.away(d.length / 2)
		return
	}
	select {
	case <-time.After(k.takes):
		d.end(k, running, pluginpb.TaskSpec_COMPLETED) // nobody is told
	case <-k.killed:
		time.Sleep(d.upTo(10 * time.Second))
		if d.end(k, running, pluginpb.TaskSpec_KILLED) {
			d.queue(5*time.Minute, d.item(k))
		}
	}
}

// poll asks for a task and claims it, as a server of Swarming does for a bot.
func (d *day) poll(bot string, dimensions []string) (k *task, slice int32) {
	d.mu.Lock()
	before := d.assigned[bot]
	d.mu.Unlock()
	asked := d.now()
	r, err := d.client.AssignTasks(context.Background(), &pluginpb.AssignTasksRequest{
		SchedulerId: "lab", Time: asked,
		IdleBots: []*pluginpb.IdleBot{{BotId: bot, Dimensions: slices.Clone(dimensions)}}})
	if err != nil {
		d.expectTransient("AssignTasks", err)
		return nil, 0
	}
	at := d.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts.polls++
	if len(r.GetAssignments()) == 0 {
		if k := d.tasks[before]; k != nil && d.assigned[bot] == before && !k.bad &&
			k.spec.GetState() == pending {
			d.fail("bot %s got nothing, and task %s is assigned to it", bot, before)
		}
		return nil, 0
	}
	a := r.GetAssignments()[0]
	if d.isWrong(bot, dimensions, r) {
		return nil, 0
	}
	if d.lost[bot] == a.GetTaskId() {
		d.counts.again++
	}
	delete(d.lost, bot)
	k = d.tasks[a.GetTaskId()]
	if k.spec.GetState() != pending {
		return nil, 0
	}
	d.counts.claims++
	d.note(k, "claimed by %s, asked at %v", bot, asked.AsTime().Sub(d.begin))
	k.spec.State, k.spec.BotId = running, bot
	d.queueRunning(k, bot, at)
	return k, a.GetSliceNumber()
}

// isWrong notes what is wrong with an assignment; d.mu is held.
func (d *day) isWrong(bot string, dimensions []string, r *pluginpb.AssignTasksResponse) bool {
	a := r.GetAssignments()[0]
	k := d.tasks[a.GetTaskId()]
	switch {
	case len(r.GetAssignments()) > 1 || a.GetBotId() != bot:
		d.fail("bot %s got %v", bot, r)
	case k == nil || int(a.GetSliceNumber()) >= len(k.spec.GetSlices()):
		d.fail("bot %s got task %s, slice %d, which is not there", bot, a.GetTaskId(), a.GetSliceNumber())
	case k.spec.GetBotId() != "" && k.spec.GetBotId() != bot:
		d.fail("bot %s got task %s, which was on %s", bot, a.GetTaskId(), k.spec.GetBotId())
	default:
		for _, want := range k.spec.GetSlices()[a.GetSliceNumber()].GetDimensions() {
			if !slices.Contains(dimensions, want) {
				d.fail("bot %s got task %s, and has no %s", bot, a.GetTaskId(), want)
			}
		}
	}
	return len(d.wrong) > 0
}

// queueRunning sends the news that a task runs; d.mu is held.
func (d *day) queueRunning(k *task, bot string, at *timestamppb.Timestamp) {
	i := &pluginpb.NotifyTasksItem{Time: at, Task: &pluginpb.TaskSpec{Id: k.spec.GetId(),
		Tags: k.spec.GetTags(), Slices: k.spec.GetSlices(), State: running, BotId: bot}}
	d.queues.Go(func() { d.queue(5*time.Minute, i) })
}

// expectTransient notes an error that is not of a kind that goes away.
func (d *day) expectTransient(method string, err error) {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded:
		return
	}
	if strings.Contains(err.Error(), errCut.Error()) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail("%s: %v", method, err)
}

// faulty is the way to the nodes: calls and answers are lost, and calls come again.
type faulty struct{ d *day }

var errCut = errors.New("the connection was cut")

// RoundTrip implements http.RoundTripper.
func (f faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	d := f.d
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	send := func(ctx context.Context) (*http.Response, error) {
		again := r.Clone(ctx)
		again.Body = io.NopCloser(bytes.NewReader(body))
		return d.c.RoundTrip(again)
	}
	switch dice := d.number(1000); {
	case dice < 10:
		d.count(func(c *counts) { c.callsLost++ })
		<-r.Context().Done()
		return nil, r.Context().Err()
	case dice < 20:
		d.count(func(c *counts) { c.callsLost++ })
		return nil, errCut
	case dice < 40: // the answer is lost, and the caller waits for it
		answer, err := send(context.WithoutCancel(r.Context()))
		if err == nil {
			d.lose(r, answer)
		}
		<-r.Context().Done()
		return nil, r.Context().Err()
	case dice < 60:
		d.count(func(c *counts) { c.callsTwice++ })
		late := d.upTo(40 * time.Second)
		d.queues.Go(func() {
			time.Sleep(late)
			if answer, err := send(context.Background()); err == nil {
				answer.Body.Close()
			}
		})
	}
	return send(r.Context())
}

// lose notes what was in an answer that is lost.
func (d *day) lose(r *http.Request, answer *http.Response) {
	defer answer.Body.Close()
	a := &pluginpb.AssignTasksResponse{}
	b, err := io.ReadAll(answer.Body)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts.answersLost++
	if err != nil || !strings.HasSuffix(r.URL.Path, "/AssignTasks") || proto.Unmarshal(b, a) != nil {
		return
	}
	for _, x := range a.GetAssignments() {
		d.lost[x.GetBotId()] = x.GetTaskId()
	}
}
