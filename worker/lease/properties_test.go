package lease_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/lease"
)

const slots = 3

// boss is a dispatcher of one worker, in the plainest way.
type boss struct {
	epoch, version uint64
	answers        uint64
	acked          uint64 // the version that the worker said
	runs           map[string]*dispatch.Run
	stops          map[string]bool
	recorded       map[string]bool
	changes        map[uint64]*dispatch.Orders // by the version that they change
	made           int
}

func (b *boss) orders(complete bool) *dispatch.Orders {
	o := &dispatch.Orders{
		Epoch: b.epoch, Kind: dispatch.Orders_KIND_COMPLETE, ResultsIn: b.version,
		Answers: b.answers, LeaseTtl: durationpb.New(ttl),
	}
	if change := b.changes[b.acked]; !complete && change != nil {
		change = proto.CloneOf(change)
		change.Answers = b.answers
		return change
	}
	for _, id := range slices.Sorted(maps.Keys(b.runs)) {
		o.Runs = append(o.Runs, b.runs[id])
	}
	for _, id := range slices.Sorted(maps.Keys(b.stops)) {
		o.Stops = append(o.Stops, &dispatch.Stop{LeaseId: id, Grace: durationpb.New(time.Second)})
	}
	o.Recorded = slices.Sorted(maps.Keys(b.recorded))
	return o
}

func (b *boss) change(o *dispatch.Orders) {
	o.Epoch, o.Kind = b.epoch, dispatch.Orders_KIND_INCREMENTAL
	o.LeaseTtl, o.AppliesTo, o.ResultsIn = durationpb.New(ttl), b.version, b.version+1
	b.changes[b.version] = o
	b.version++
}

func (b *boss) give(slot int32) {
	b.made++
	r := run(fmt.Sprintf("t/%d", b.made), slot)
	b.runs[r.GetLeaseId()] = r
	b.change(&dispatch.Orders{Runs: []*dispatch.Run{r}})
}

func (b *boss) stop(id string) {
	delete(b.runs, id)
	b.stops[id] = true
	b.change(&dispatch.Orders{Stops: []*dispatch.Stop{{LeaseId: id}}})
}

// lead is another leader, which knows all that the one before knew.
func (b *boss) lead() {
	b.epoch++
	b.version, b.acked, b.answers, b.changes = 1, 0, 0, map[uint64]*dispatch.Orders{}
}

func (b *boss) hear(r *dispatch.Report) {
	if r.GetSequence() < b.answers {
		return
	}
	b.answers, b.acked = r.GetSequence(), r.GetVersion()
	if r.GetEpoch() != b.epoch {
		b.acked = 0
	}
	said := map[string]bool{}
	for _, l := range r.GetLeases() {
		said[l.GetLeaseId()] = true
		if lease.Ended(l.GetPhase()) && !b.recorded[l.GetLeaseId()] {
			delete(b.runs, l.GetLeaseId())
			delete(b.stops, l.GetLeaseId())
			b.recorded[l.GetLeaseId()] = true
			b.change(&dispatch.Orders{Recorded: []string{l.GetLeaseId()}})
		}
	}
	for id := range b.recorded {
		if !said[id] {
			delete(b.recorded, id)
		}
	}
}

// machine is a worker without processes: its tasks are names.
type machine struct {
	t         *rapid.T
	table     *lease.Table
	now       time.Duration
	live      map[string]*dispatch.Run
	stopping  map[string]bool
	started   map[string]bool
	ended     map[string]bool // not forgotten yet
	last      map[string]dispatch.Phase
	sentAt    map[uint64]time.Duration
	mayLiveTo time.Duration
}

func (m *machine) do(r lease.Ready) {
	for _, s := range r.Stop {
		if m.live[s.LeaseID] == nil {
			m.t.Fatalf("%s is stopped, and does not live", s.LeaseID)
		}
		m.stopping[s.LeaseID] = true
	}
	for _, s := range r.Start {
		id, slot := s.Run.GetLeaseId(), s.Run.GetSlot()
		if m.started[id] {
			m.t.Fatalf("%s starts twice", id)
		}
		for other, o := range m.live {
			if o.GetSlot() == slot {
				m.t.Fatalf("%s starts in slot %d, where %s lives", id, slot, other)
			}
		}
		if m.now >= m.mayLiveTo-10*time.Second {
			m.t.Fatalf("%s starts at %v, and has to end at %v", id, m.now, m.mayLiveTo)
		}
		m.live[id], m.started[id] = s.Run, true
	}
	for _, id := range r.Forget {
		if m.live[id] != nil {
			m.t.Fatalf("%s is forgotten, and lives", id)
		}
		delete(m.ended, id)
		delete(m.last, id)
	}
}

func (m *machine) end(id string, phase dispatch.Phase) {
	delete(m.live, id)
	delete(m.stopping, id)
	m.ended[id] = true
	m.do(m.table.Learn(m.now, lease.News{LeaseID: id, Phase: phase, Result: &dispatch.Result{}}))
}

// pass lets time pass; what has to end by then ends.
func (m *machine) pass(d time.Duration) {
	for end := m.now + d; m.now < end; {
		m.now = min(end, m.now+5*time.Second)
		m.do(m.table.Expire(m.now))
		for _, id := range slices.Sorted(maps.Keys(m.stopping)) {
			m.end(id, dispatch.Phase_PHASE_LOST)
		}
		if m.now >= m.mayLiveTo && len(m.live) > 0 {
			m.t.Fatalf("%v live at %v, and had to end at %v", m.live, m.now, m.mayLiveTo)
		}
	}
}

func (m *machine) report() *dispatch.Report {
	r := report(m.table, m.now)
	m.sentAt[r.GetSequence()] = m.now
	said := map[string]bool{}
	for _, l := range r.GetLeases() {
		id := l.GetLeaseId()
		said[id] = true
		if l.GetPhase() < m.last[id] {
			m.t.Fatalf("%s was %v, and is %v", id, m.last[id], l.GetPhase())
		}
		m.last[id] = l.GetPhase()
	}
	for _, of := range []map[string]bool{m.ended, m.stopping} {
		for id := range of {
			if !said[id] {
				m.t.Fatalf("nothing is said of %s", id)
			}
		}
	}
	return r
}

func (m *machine) hear(o *dispatch.Orders) {
	// What the dispatcher believes at most: the newest report that any leader has answered.
	if at, ok := m.sentAt[o.GetAnswers()]; ok {
		m.mayLiveTo = max(m.mayLiveTo, at+ttl)
	}
	m.do(m.table.Hear(m.now, o))
}

// TestLostDoubledAndLateMessagesDoNoHarm drives a table and a plain dispatcher over a network that
// loses, repeats and delays, past changes of the leader, and heals it at the end.
func TestLostDoubledAndLateMessagesDoNoHarm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &boss{epoch: 1, version: 1, runs: map[string]*dispatch.Run{}, stops: map[string]bool{},
			recorded: map[string]bool{}, changes: map[uint64]*dispatch.Orders{}}
		m := &machine{t: t, table: lease.New(slots), now: time.Second,
			live: map[string]*dispatch.Run{}, stopping: map[string]bool{}, ended: map[string]bool{},
			started: map[string]bool{}, last: map[string]dispatch.Phase{},
			sentAt: map[uint64]time.Duration{}}
		var up []*dispatch.Report
		var down []*dispatch.Orders
		// pick takes any message of a queue, and may leave it there.
		pick := func(n int, keep *bool) int {
			*keep = rapid.Bool().Draw(t, "keep")
			return rapid.IntRange(0, n-1).Draw(t, "message")
		}
		t.Repeat(map[string]func(*rapid.T){
			"report": func(*rapid.T) { up = append(up, m.report()) },
			"answer": func(t *rapid.T) {
				down = append(down, b.orders(rapid.Bool().Draw(t, "complete")))
			},
			"up": func(*rapid.T) {
				if len(up) == 0 {
					return
				}
				var keep bool
				i := pick(len(up), &keep)
				b.hear(up[i])
				if !keep {
					up = slices.Delete(up, i, i+1)
				}
			},
			"down": func(*rapid.T) {
				if len(down) == 0 {
					return
				}
				var keep bool
				i := pick(len(down), &keep)
				m.hear(down[i])
				if !keep {
					down = slices.Delete(down, i, i+1)
				}
			},
			"lose": func(t *rapid.T) { up, down = nil, nil },
			"give": func(t *rapid.T) { b.give(rapid.Int32Range(0, slots).Draw(t, "slot")) },
			"stop": func(t *rapid.T) {
				if len(b.runs) > 0 {
					b.stop(rapid.SampledFrom(slices.Sorted(maps.Keys(b.runs))).Draw(t, "lease"))
				}
			},
			"lead": func(*rapid.T) { b.lead() },
			"end": func(t *rapid.T) {
				if len(m.live) > 0 {
					m.end(rapid.SampledFrom(slices.Sorted(maps.Keys(m.live))).Draw(t, "lease"),
						dispatch.Phase_PHASE_FINISHED)
				}
			},
			"pass": func(t *rapid.T) {
				m.pass(time.Duration(rapid.IntRange(1, 70).Draw(t, "seconds")) * time.Second)
			},
		})
		// The network heals, and nothing new is wanted: all ends, and is recorded and forgotten.
		for range 3 * (b.made + 3) {
			b.hear(m.report())
			m.hear(b.orders(false))
			for _, id := range slices.Sorted(maps.Keys(m.live)) {
				m.end(id, dispatch.Phase_PHASE_FINISHED)
			}
			m.now += time.Millisecond
		}
		if m.table.Len() > 0 || len(m.ended) > 0 || len(b.runs)+len(b.stops) > 0 {
			t.Fatalf("left: %v at the worker, %v and %v at the dispatcher", m.report().GetLeases(),
				b.runs, b.stops)
		}
	})
}
