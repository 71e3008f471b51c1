package benchmarks

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
)

// A Day is all that the dispatcher of a fleet tells a pool, and asks it, in a day: arrivals, pulls,
// news of tasks that run and that are gone, withdrawals, and what must stop. It is recorded once,
// and then applied from the beginning, as often as it takes: a pool gives the same answers each
// time.
type Day struct {
	// Name is short, What one sentence.
	Name, What string
	// Size is the fleet, and how many requests wait in the morning.
	Size Size
	// Reach bounds from below how many operations are applied in a second of processor time.
	Reach float64

	labelling labelling
	turns     int           // of the dispatcher
	once      bool          // it is applied once, as it is long; else the better of two counts
	naive     time.Duration // for how long the reference is measured; 0 if it is not
	log       []byte        // the operations, each behind its length
	work      dayWork
	hash      [32]byte // of the pool at the end
}

// dayWork is what a day comes to.
type dayWork struct{ operations, passes, assignments, cancellations int }

func (w *dayWork) count(op *protos.Operation, r *protos.Result) {
	w.operations++
	if op.GetAssignTasks() != nil {
		w.passes++
	}
	w.assignments += len(r.GetAssignments())
	w.cancellations += len(r.GetCancellations())
}

// Days returns all days; with long, at full size.
func Days(long bool) []*Day {
	const naive = 2 * time.Second
	small, usual, large := Size{200, 200, 12}, Size{10_000, 1_000, 50}, Size{100_000, 10_000, 50}
	days := []*Day{
		{Name: "a day, shaped", Size: small, naive: naive}, {Name: "a day, shaped", Size: usual},
		{Name: "a day, mixed", Size: small, naive: naive},
		{Name: "a day, mixed", Size: Size{2_000, 500, 50}},
	}
	if long {
		days = append(days, &Day{Name: "a day, shaped", Size: large, once: true},
			&Day{Name: "a day, mixed", Size: usual, once: true})
	}
	for _, d := range days {
		d.turns = dayTurns
		d.What = "A day of a fleet through Pool.Apply: 200 label sets and 200 worker classes."
		if d.Name == "a day, mixed" {
			d.What = "The same where nearly no two requests or workers have the same labels."
			d.labelling = mixed
		}
	}
	return days
}

// A DayFigure is how many operations of a day are applied in a second of processor time.
type DayFigure struct {
	Day                               *Day
	Operations, Passes, Starts, Stops int
	// Applied is through Pool.Apply, from operation to result; Marshalled from the bytes of an
	// operation to those of its outcome, with all events; Reference on the naive pool, 0 if it was
	// not measured.
	Applied, Marshalled, Reference float64
}

// Measure records the day and applies it. It panics if the pools do not all do the same.
func (d *Day) Measure() *DayFigure {
	d.record()
	f := &DayFigure{Day: d, Operations: d.work.operations, Passes: d.work.passes,
		Starts: d.work.assignments, Stops: d.work.cancellations}
	if f.Starts == 0 {
		panic(fmt.Sprintf("%s at %v: %+v", d.Name, d.Size, d.work))
	}
	times := 2
	if d.once {
		times = 1
	}
	for range times {
		f.Applied = max(f.Applied, d.rate(d.apply()))
		f.Marshalled = max(f.Marshalled, d.rate(d.applyBytes()))
	}
	if d.naive > 0 {
		f.Reference = d.rateNaive(d.naive)
	}
	return f
}

// rate is how many operations are applied in a second if all take that long.
func (d *Day) rate(took time.Duration) float64 {
	return float64(d.work.operations) / took.Seconds()
}

// each calls f with the bytes of each operation.
func (d *Day) each(f func(op []byte)) {
	for log := d.log; len(log) > 0; {
		op, n := protowire.ConsumeBytes(log)
		f(op)
		log = log[n:]
	}
}

// decoded calls f with the operations, some thousand at a time, and returns the processor time that
// f takes, without that for decoding.
func (d *Day) decoded(f func(*protos.Operation)) (took time.Duration) {
	const some = 4096
	var ops []*protos.Operation
	run := func() {
		began := cpuTime()
		for _, op := range ops {
			f(op)
		}
		took += cpuTime() - began
		ops = ops[:0]
	}
	d.each(func(bytes []byte) {
		op := &protos.Operation{}
		must(proto.Unmarshal(bytes, op))
		if ops = append(ops, op); len(ops) == some {
			run()
		}
	})
	run()
	return took
}

// apply applies the day from operations to results.
func (d *Day) apply() time.Duration {
	p, ctx := d.newPool(), context.Background()
	var work dayWork
	took := d.decoded(func(op *protos.Operation) {
		result, err := p.Apply(ctx, op, nil)
		must(err)
		work.count(op, result)
	})
	d.check(work, p.Hash())
	return took
}

// applyBytes applies the day from bytes to bytes.
func (d *Day) applyBytes() time.Duration {
	p, ctx := d.newPool(), context.Background()
	var work dayWork
	var out []byte
	took := cpuOf(func() {
		d.each(func(bytes []byte) {
			op := &protos.Operation{}
			must(proto.Unmarshal(bytes, op))
			outcome, err := p.Step(ctx, op)
			must(err)
			out, err = proto.MarshalOptions{}.MarshalAppend(out[:0], outcome)
			must(err)
			work.count(op, outcome.GetResult())
		})
	})
	d.check(work, p.Hash())
	return took
}

// rateNaive applies the beginning of the day to the reference, as much as it gets through in the
// given time, and returns how many operations of it that is in a second.
func (d *Day) rateNaive(limit time.Duration) float64 {
	naive, err := reference.NewPool(epoch, &settings, 0)
	must(err)
	p, ctx := d.newPool(), context.Background()
	var work dayWork
	var took time.Duration
	d.each(func(bytes []byte) {
		if took >= limit {
			return
		}
		op := &protos.Operation{}
		must(proto.Unmarshal(bytes, op))
		began := cpuTime()
		result, err := naive.Apply(op, nil)
		took += cpuTime() - began
		must(err)
		work.count(op, result)
		_, err = p.Apply(ctx, op, nil)
		must(err)
	})
	if naive.Hash() != p.Hash() {
		panic(fmt.Sprintf("%s at %v: the reference does something else", d.Name, d.Size))
	}
	return float64(work.operations) / took.Seconds()
}

// check panics if a pool has done something else than the recorded one.
func (d *Day) check(work dayWork, hash [32]byte) {
	if work != d.work || hash != d.hash {
		panic(fmt.Sprintf("%s at %v: %+v, recorded as %+v", d.Name, d.Size, work, d.work))
	}
}

func (d *Day) newPool() *pool.Pool {
	p, err := pool.New(epoch, &settings)
	must(err)
	return p
}
