//go:build !race

package swarming_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	pluginpb "go.chromium.org/luci/swarming/proto/plugin"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// TestADay lets Swarming's bots live through a day in which all goes wrong that can: calls, answers
// and news are lost, late, doubled and shuffled, no news comes for five minutes, the clocks of two
// servers are 3 s apart, bots vanish, people cancel tasks, and the leader is killed ten times. Each
// task ends once; what is known to be over is over; an assignment that was lost is given again; and
// no bot gets a task that is not its. The day has as many hours as QSCHED_SWARMING_HOURS says, 5,000
// tasks and 300 bots; without it, 40 minutes, 1,000 tasks and 60 bots. The race detector, under which
// it takes a minute and a half, has the other tests of this package.
func TestADay(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	s := size{tasks: 1000, bots: 60, length: 40 * time.Minute}
	if text := os.Getenv("QSCHED_SWARMING_HOURS"); text != "" {
		hours, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		s = size{tasks: 5000, bots: 300, length: time.Duration(hours * float64(time.Hour))}
	}
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		defer c.close()
		synctest.Wait()
		d := newDay(t, c, s)
		c.create("lab", map[string]*dispatch.AccountSettings{
			"fast": earning(0, s.bots/5), "slow": earning(1, s.bots/5)})
		d.live()
		d.check()
		d.agree()
	})
}

type size struct {
	tasks, bots int
	length      time.Duration
}

// A day is Swarming with its tasks and bots.
type day struct {
	size
	t      *testing.T
	c      *cluster
	begin  time.Time
	client pluginpb.ExternalSchedulerClient
	queues sync.WaitGroup // of news, and of calls that come again

	mu       sync.Mutex // of what follows
	dice     *rand.Rand
	tasks    map[string]*task
	open     int // tasks that have not ended, or are not submitted yet
	seen     uint64
	assigned map[string]string // the task that each bot was given, as the events say
	lost     map[string]string // the same, of answers that were lost
	counts   counts
	wrong    []string
}

// counts show that all happened that a day has.
type counts struct {
	polls, claims, again, preempted, killed, cancelled, bad, disappeared, callbacks int
	callsLost, answersLost, callsTwice, newsLost, newsTwice, kills                  int
}

// A task is what Swarming knows of one.
type task struct {
	spec        *pluginpb.TaskSpec
	takes       time.Duration
	bad         bool
	enqueued    int // by the events
	left        int
	preempted   bool // is why it left last
	killed      chan struct{}
	killedOnce  bool
	vanishes    bool // its bot does, in the middle
	image       string
	provisioned bool
	past        []string // what happened to it, for when the day fails
}

// note remembers what happens to a task; d.mu is held.
func (d *day) note(k *task, format string, args ...any) {
	k.past = append(k.past, fmt.Sprintf("%v ", time.Since(d.begin))+fmt.Sprintf(format, args...))
}

func newDay(t *testing.T, c *cluster, s size) *day {
	d := &day{size: s, t: t, c: c, begin: time.Now(), dice: rand.New(rand.NewPCG(1, 2)),
		tasks: map[string]*task{}, open: s.tasks, assigned: map[string]string{},
		lost: map[string]string{}}
	d.client = client(faulty{d})
	c.seen = d.follow
	return d
}

// chance is true in so many of a thousand cases.
func (d *day) chance(perMille int) bool { return d.number(1000) < perMille }

func (d *day) number(below int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dice.IntN(below)
}

func (d *day) upTo(longest time.Duration) time.Duration {
	return time.Duration(d.number(int(longest/time.Millisecond))) * time.Millisecond
}

// now is the time by one of two servers.
func (d *day) now() *timestamppb.Timestamp {
	skew := 1500 * time.Millisecond
	if d.chance(500) {
		skew = -skew
	}
	return timestamppb.New(time.Now().Add(skew))
}

// fail notes what is wrong; d.mu is held.
func (d *day) fail(format string, args ...any) {
	if len(d.wrong) < 20 {
		d.wrong = append(d.wrong, fmt.Sprintf("after %v: ", time.Since(d.begin))+
			fmt.Sprintf(format, args...))
	}
}

func (d *day) done() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open == 0 || len(d.wrong) > 0 || time.Since(d.begin) > 3*d.length
}

func (d *day) failed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.wrong) > 0
}

// outage reports whether news is lost.
func (d *day) outage() bool {
	since := time.Since(d.begin) - d.length/2
	return since > 0 && since < 5*time.Minute
}

// live goes through the day, until all tasks have ended and all news has come.
func (d *day) live() {
	ctx, cancel := context.WithCancel(context.Background())
	var all, servers sync.WaitGroup
	for i := range d.bots {
		all.Go(func() { d.bot(i) })
	}
	all.Go(d.submit)
	all.Go(d.cancelSome)
	all.Go(d.kill)
	servers.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(time.Minute)
			d.cron()
		}
	})
	all.Wait()
	time.Sleep(10 * time.Minute) // what is over becomes known
	cancel()
	servers.Wait()
	d.queues.Wait()
}

// submit makes the tasks, all day long.
func (d *day) submit() {
	var made sync.WaitGroup
	for i := range d.size.tasks {
		at := d.upTo(d.length)
		made.Go(func() {
			time.Sleep(at)
			if d.failed() {
				return
			}
			d.make(i)
		})
	}
	made.Wait()
}

// make makes a task, and tells of it until that is heard.
func (d *day) make(n int) {
	id := fmt.Sprintf("t%05d", n)
	mean := d.length * time.Duration(d.bots*4) / time.Duration(d.size.tasks*5) // 80 % are busy
	k := &task{takes: time.Second + d.upTo(2*mean), killed: make(chan struct{}), bad: n%100 == 1,
		vanishes: n%100 == 2, image: fmt.Sprint("image:", d.number(4))}
	if d.chance(50) {
		k.takes = d.upTo(3 * time.Second)
	}
	base := []string{"os:linux", fmt.Sprint("model:", d.number(3))}
	k.spec = &pluginpb.TaskSpec{Id: id, State: pending, EnqueuedTime: d.now(),
		Slices: []*pluginpb.SliceSpec{{Dimensions: base}}}
	if d.chance(500) {
		k.spec.Slices = []*pluginpb.SliceSpec{{Dimensions: append(slices.Clone(base), k.image)},
			{Dimensions: base}}
		k.provisioned = true
	}
	if account := []string{"", "fast", "slow", "unknown"}[d.number(4)]; account != "" {
		k.spec.Tags = append(k.spec.Tags, "qs_account:"+account)
	}
	if k.bad {
		k.spec.Tags = append(k.spec.Tags, "qs_account:two", "qs_account:three")
	}
	d.mu.Lock()
	d.tasks[id] = k
	d.mu.Unlock()
	d.deliver(d.item(k))
}

// item is what Swarming says of a task now.
func (d *day) item(k *task) *pluginpb.NotifyTasksItem {
	at := d.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &pluginpb.TaskSpec{Id: k.spec.GetId(), Tags: k.spec.GetTags(), Slices: k.spec.GetSlices(),
		State: k.spec.GetState(), EnqueuedTime: k.spec.GetEnqueuedTime()}
	if s.State == running {
		s.BotId = k.spec.GetBotId()
	}
	return &pluginpb.NotifyTasksItem{Time: at, Task: s}
}

// deliver sends news until it is taken, for five minutes.
func (d *day) deliver(items ...*pluginpb.NotifyTasksItem) {
	for range 10 {
		_, err := d.client.NotifyTasks(context.Background(), &pluginpb.NotifyTasksRequest{
			SchedulerId: "lab", Notifications: items})
		d.mu.Lock()
		for _, i := range items {
			if k := d.tasks[i.GetTask().GetId()]; k != nil {
				d.note(k, "news of %v: %v %s: %v", i.GetTime().AsTime().Sub(d.begin),
					i.GetTask().GetState(), i.GetTask().GetBotId(), err)
			}
		}
		d.mu.Unlock()
		if err == nil {
			return
		}
		d.expectTransient("NotifyTasks", err)
		time.Sleep(30 * time.Second)
	}
}

// queue sends news later, perhaps twice, perhaps never.
func (d *day) queue(longest time.Duration, items ...*pluginpb.NotifyTasksItem) {
	delay := d.upTo(3 * time.Second)
	if d.chance(50) {
		delay = d.upTo(longest)
	}
	d.queues.Go(func() {
		time.Sleep(delay)
		if d.outage() || d.chance(10) {
			d.count(func(c *counts) { c.newsLost++ })
			return
		}
		d.deliver(items...)
		if d.chance(50) {
			d.count(func(c *counts) { c.newsTwice++ })
			time.Sleep(d.upTo(longest))
			d.deliver(items...)
		}
	})
}

func (d *day) count(f func(*counts)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(&d.counts)
}

// cron is what Swarming does once a minute.
func (d *day) cron() {
	r, err := d.client.GetCancellations(context.Background(),
		&pluginpb.GetCancellationsRequest{SchedulerId: "lab"})
	if err != nil {
		d.expectTransient("GetCancellations", err)
	}
	for _, c := range r.GetCancellations() {
		d.cancel(c.GetTaskId(), c.GetBotId())
	}
	asked, err := d.client.GetCallbacks(context.Background(),
		&pluginpb.GetCallbacksRequest{SchedulerId: "lab"})
	if err != nil {
		d.expectTransient("GetCallbacks", err)
	}
	for ids := range slices.Chunk(asked.GetTaskIds(), 20) {
		var items []*pluginpb.NotifyTasksItem
		for _, id := range ids {
			if k := d.known(id); k != nil {
				items = append(items, d.item(k))
			}
		}
		d.count(func(c *counts) { c.callbacks += len(ids) })
		d.queue(2*time.Minute, items...)
	}
}

// known returns a task, which must be Swarming's.
func (d *day) known(id string) *task {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := d.tasks[id]
	if k == nil {
		d.fail("Swarming has no task %q", id)
	}
	return k
}

// cancel does as a cancellation says: on a bot only what runs there.
func (d *day) cancel(id, bot string) {
	k := d.known(id)
	if k == nil {
		return
	}
	d.mu.Lock()
	runs, waits := k.spec.GetState() == running, k.spec.GetState() == pending
	hits := bot == "" || runs && k.spec.GetBotId() == bot
	kills := hits && runs && !k.killedOnce
	k.killedOnce = k.killedOnce || kills
	d.mu.Unlock()
	switch {
	case kills:
		d.count(func(c *counts) { c.killed++ })
		d.queue(5*time.Minute, d.item(k)) // running comes first
		close(k.killed)
	case hits && waits && d.end(k, pending, pluginpb.TaskSpec_CANCELED):
		d.count(func(c *counts) { c.cancelled++ })
		d.queue(5*time.Minute, d.item(k))
	}
}

// cancelSome is what people cancel.
func (d *day) cancelSome() {
	for !d.done() {
		time.Sleep(time.Second + d.upTo(2*time.Minute))
		id := fmt.Sprintf("t%05d", d.number(d.size.tasks))
		d.mu.Lock()
		made := d.tasks[id] != nil
		d.mu.Unlock()
		if made {
			d.cancel(id, "")
		}
	}
}

// end ends a task, if it is in a state.
func (d *day) end(k *task, from, to pluginpb.TaskSpec_State) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if k.spec.GetState() != from {
		return false
	}
	k.spec.State = to
	d.open--
	if k.bad {
		d.counts.bad++
	}
	return true
}

// kill kills the leader ten times.
func (d *day) kill() {
	for range 10 {
		time.Sleep(d.length / 11)
		if d.failed() {
			return
		}
		id := d.c.kill()
		for id == "" {
			time.Sleep(time.Second)
			id = d.c.kill()
		}
		d.count(func(c *counts) { c.kills++ })
		time.Sleep(20 * time.Second)
		d.c.open(id)
	}
}
