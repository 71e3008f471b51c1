package state

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

const (
	ttl   = 20 * time.Second
	grace = 5 * time.Second
)

// A world is machines that keep to the protocol, a leader that does what is fixed for leaders, and
// a network that loses, doubles and delays messages. It goes on in steps of a second.
type world struct {
	t         *testing.T
	dice      *rand.Rand
	m         *Machine
	index     uint64
	now       time.Time
	calm      bool // nothing is lost, and nobody fails
	machines  []*machine
	mail      []letter
	heard     map[string]time.Time // when the leader last heard of a machine
	newest    map[string]uint64    // the newest report of its process
	next      int
	electedAt time.Time
	starts    map[string]int // processes started, by task
	history   []line
	exits     map[string]bool // tasks of which a process exited with 0
}

// A letter is a message under way.
type letter struct {
	at       time.Time
	report   *dispatch.Report
	orders   *WorkerOrders
	to       *machine
	boot     int
	instance int
	answers  uint64
	refused  bool
}

func (w *world) chance(percent int) bool { return w.dice.IntN(100) < percent }

func (w *world) apply(commands ...*replica.Command) *replica.Outcome {
	w.index++
	got, err := w.m.Apply(w.index, &replica.Entry{RuleVersion: 1, Time: timestamppb.New(w.now),
		Commands: commands})
	require.NoError(w.t, err)
	w.note(got.Outcome)
	require.NoError(w.t, checkInvariants(w.m))
	require.False(w.t, w.m.pools["lab"].failed(), w.m.pools["lab"].status.GetFailure())
	for i, c := range got.Outcome.GetCommands() {
		require.Zero(w.t, c.GetCode(), "%v: %s", commands[i], c.GetError())
	}
	if w.chance(2) {
		w.m, err = again(w.m)
		require.NoError(w.t, err)
	}
	return got.Outcome
}

// note keeps what happens to tasks and machines.
func (w *world) note(o *replica.Outcome) {
	for _, e := range o.GetEvents() {
		if e.GetScheduler() == nil {
			w.keep("%s", eventText(e))
		}
	}
}

// A line is what is to know of a moment, if a test fails.
type line struct {
	at     time.Time
	format string
	args   []any
}

func (w *world) keep(format string, args ...any) {
	w.history = append(w.history, line{w.now, format, args})
}

// historyOf returns what is to know of a task.
func (w *world) historyOf(id string) string {
	var lines []string
	for _, l := range w.history {
		text := l.at.Format("15:04:05 ") + fmt.Sprintf(l.format, l.args...)
		if strings.Contains(text, id) || strings.Contains(text, " worker ") ||
			strings.Contains(text, " machine ") {
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "\n")
}

// post sends a letter: in a world that is not calm it may be lost, doubled or late.
func (w *world) post(l letter) {
	if !w.calm && (w.chance(15) || w.now.Before(l.to.cut)) {
		return
	}
	copies := 1
	if !w.calm && w.chance(10) {
		copies = 2
	}
	for range copies {
		late := time.Duration(w.dice.IntN(3)) * time.Second
		if !w.calm && w.chance(10) {
			late = time.Duration(w.dice.IntN(60)) * time.Second
		}
		l.at = w.now.Add(late)
		w.mail = append(w.mail, l)
	}
}

// step goes on by a second.
func (w *world) step() {
	w.now = w.now.Add(time.Second)
	due := slices.Clone(w.mail)
	w.mail = nil
	w.dice.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	for _, l := range due {
		switch {
		case l.at.After(w.now):
			w.mail = append(w.mail, l)
		case l.report != nil:
			w.hear(l)
		default:
			w.obey(l)
		}
	}
	for _, x := range w.machines {
		w.live(x)
	}
	w.lead()
	w.checkNoDouble()
}

// hear is the leader's: it takes a report.
func (w *world) hear(l letter) {
	r := l.report
	key := r.GetWorker()
	known, ok := w.m.Worker("lab", key)
	if ok && known.Boot != r.GetBootId() && (w.now.Sub(w.heard[key]) < ttl+grace || w.isFresh()) {
		return // another boot has to wait
	}
	session := key + r.GetBootId() + r.GetInstanceId()
	if r.GetSequence() <= w.newest[session] {
		return
	}
	if w.m.Changes(r) || w.chance(10) {
		w.index++
		got, err := w.m.Apply(w.index, &replica.Entry{RuleVersion: 1, Time: timestamppb.New(w.now),
			Commands: []*replica.Command{{Kind: &replica.Command_Report{Report: proto.CloneOf(r)}}}})
		require.NoError(w.t, err)
		w.note(got.Outcome)
		require.NoError(w.t, checkInvariants(w.m))
		if got.Outcome.GetCommands()[0].GetCode() != 0 {
			w.post(letter{refused: true, to: l.to, boot: l.boot, instance: l.instance})
			return // of a boot or process that another one took over from
		}
	}
	w.newest[session], w.heard[key] = r.GetSequence(), w.now
	orders, err := w.m.Orders("lab", key)
	require.NoError(w.t, err)
	w.post(letter{orders: orders, to: l.to, boot: l.boot, instance: l.instance, answers: r.GetSequence()})
}

// isFresh reports whether the leader is so new that nothing ends by silence.
func (w *world) isFresh() bool { return w.now.Sub(w.electedAt) < 2*ttl }

// lead is what the leader does each second.
func (w *world) lead() {
	if !w.calm && w.chance(1) {
		w.electedAt, w.heard, w.newest = w.now, map[string]time.Time{}, map[string]uint64{}
		for key := range w.m.Workers() {
			w.heard[key.Worker] = w.now
		}
	}
	commands := []*replica.Command{{Kind: &replica.Command_Tick{Tick: &replica.Tick{}}}}
	for key, info := range w.m.Workers() {
		if !w.isFresh() && !info.Silent && w.now.Sub(w.heard[key.Worker]) >= ttl+grace {
			commands = append(commands, &replica.Command{Kind: &replica.Command_SilentWorker{
				SilentWorker: &replica.SilentWorker{Pool: "lab", Worker: key.Worker, BootId: info.Boot,
					InstanceId: info.Instance, Sequence: info.Sequence}}})
		}
	}
	w.apply(commands...)
}

// checkNoDouble fails if two processes of a task run.
func (w *world) checkNoDouble() {
	on := map[string]string{}
	for _, x := range w.machines {
		for id, a := range x.leases {
			if !a.isAlive() || a.startedAt.IsZero() {
				continue
			}
			if other := on[taskOf(id)]; other != "" {
				w.t.Fatalf("%s runs on %s, and %s:\n%s", id, x.name, other, w.historyOf(taskOf(id)))
			}
			on[taskOf(id)] = x.name + " as " + id
		}
	}
}

func (w *world) submit() {
	c := &replica.SubmitTasks{Request: &dispatch.SubmitTasksRequest{Pool: "lab"}}
	for range 1 + w.dice.IntN(3) {
		w.next++
		c.Ids = append(c.Ids, taskID(w.next))
		s := &dispatch.TaskSpec{AccountId: []string{"", "red", "blue"}[w.dice.IntN(3)], MaxAttempts: 100}
		if w.chance(20) {
			s.OnDisconnect = dispatch.TaskSpec_ON_DISCONNECT_CONTINUE
		}
		c.Request.Tasks = append(c.Request.Tasks, s)
	}
	w.apply(&replica.Command{Kind: &replica.Command_SubmitTasks{SubmitTasks: c}})
}

func (w *world) cancel() {
	id := taskID(1 + w.dice.IntN(w.next))
	w.apply(&replica.Command{Kind: &replica.Command_CancelTasks{
		CancelTasks: &dispatch.CancelTasksRequest{Pool: "lab", Ids: []string{id}}}})
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, dice: rand.New(rand.NewPCG(seed, 1)), m: New(), now: start,
		heard: map[string]time.Time{}, newest: map[string]uint64{}, starts: map[string]int{},
		exits: map[string]bool{}, electedAt: start}
	account := func(p int, balance int64) *dispatch.AccountSettings {
		s := &dispatch.AccountSettings{Config: &protos.AccountConfig{ChargeRate: make([]int64, 5),
			MaxCharge: durationpb.New(time.Hour)}, Balance: make([]int64, 5)}
		s.Config.ChargeRate[p], s.Balance[p] = 2000, balance
		return s
	}
	w.apply(&replica.Command{Kind: &replica.Command_CreatePool{CreatePool: &dispatch.CreatePoolRequest{
		Pool: "lab", Settings: &dispatch.PoolSettings{LeaseTtl: durationpb.New(ttl),
			AcceptTimeout: durationpb.New(45 * time.Second), DisconnectTimeout: durationpb.New(5 * time.Minute)},
		Accounts: map[string]*dispatch.AccountSettings{"red": account(0, 3_000_000_000),
			"blue": account(2, 3_000_000_000)}}}})
	for i := range 3 {
		w.machines = append(w.machines, &machine{name: fmt.Sprint("m", i), slots: 2,
			sent: map[uint64]time.Time{}, leases: map[string]*attempt{}})
	}
	return w
}

// TestNoTaskRunsTwiceAtATime lets worlds of faults go on and then calm down: no two processes of a
// task ever run at once, all tasks end, and each that succeeded did so. make state-long runs 5,000.
func TestNoTaskRunsTwiceAtATime(t *testing.T) {
	worlds := uint64(8)
	if n, err := strconv.ParseUint(os.Getenv("QSCHED_WORLDS"), 10, 64); err == nil {
		worlds = n
	}
	for seed := range worlds {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { newWorld(t, seed).play() })
	}
}

// play lets a world go on until all has ended.
func (w *world) play() {
	for range 240 {
		if w.chance(15) {
			w.submit()
		}
		if w.chance(4) && w.next > 0 {
			w.cancel()
		}
		w.step()
	}
	w.calm = true
	p := func() *hosted { return w.m.pools["lab"] }
	for i := 0; p().live() > 0; i++ {
		require.Less(w.t, i, 3000, "tasks do not end: %v", p().counts)
		w.step()
	}
	for task := range p().byID.All() {
		if task.state == succeeded {
			require.True(w.t, w.exits[task.id], "task %s has succeeded, and never exited with 0",
				task.id)
		}
	}
	require.NotEmpty(w.t, w.starts)
}
