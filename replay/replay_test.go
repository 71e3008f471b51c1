package replay_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/scheduler"
)

var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// newPool returns a pool with two accounts.
func newPool(t testing.TB) *pool.Pool {
	t.Helper()
	earning := func(p scheduler.Priority) *scheduler.AccountConfig {
		c := &scheduler.AccountConfig{MaxCharge: time.Hour}
		c.ChargeRate[p] = scheduler.Workers(2)
		return c
	}
	p, err := pool.New(start, &scheduler.Config{
		Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{"cq": earning(0), "lab": earning(2)}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// operations returns n operations, one a minute: requests of two accounts wait, three workers pull,
// and what they are given runs for a while. One in ten is refused.
func operations(n int) []*protos.Operation {
	var all []*protos.Operation
	for i := range n {
		op := &protos.Operation{Time: timestamppb.New(start.Add(time.Duration(i) * time.Minute))}
		switch i % 5 {
		case 0, 1:
			account := []string{"lab", "cq"}[i%2]
			op.Kind = &protos.Operation_TaskWaiting{TaskWaiting: &protos.TaskWaiting{
				RequestId: fmt.Sprint(i), AccountId: account, EnqueueTime: op.GetTime()}}
		case 2:
			pull := &protos.AssignTasks{}
			for w := range 3 {
				pull.Workers = append(pull.Workers, &protos.IdleWorker{WorkerId: fmt.Sprint("w", w)})
			}
			op.Kind = &protos.Operation_AssignTasks{AssignTasks: pull}
		case 3:
			op.Kind = &protos.Operation_TaskAbsent{TaskAbsent: &protos.TaskAbsent{
				RequestId: fmt.Sprint(i - 13)}}
		case 4:
			op.Kind = &protos.Operation_GetCancellations{GetCancellations: &protos.GetCancellations{}}
			if i%10 == 9 {
				op.Kind = nil // is refused
			}
		}
		all = append(all, op)
	}
	return all
}

// record returns the journal of a pool that is told operations, and the pool.
func record(t testing.TB, o replay.RecorderOptions, ops []*protos.Operation) ([]byte, *pool.Pool) {
	t.Helper()
	p := newPool(t)
	var file bytes.Buffer
	w, err := journal.NewWriter(&file, journal.Beginning{Snapshot: p.Snapshot(),
		Header: &protos.JournalHeader{Pool: "lab"}})
	if err != nil {
		t.Fatal(err)
	}
	rec := replay.NewRecorder(p, w, o)
	for _, op := range ops {
		if _, err := rec.Step(context.Background(), op); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), p
}

func open(t testing.TB, file []byte) *journal.Reader {
	t.Helper()
	r, err := journal.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func run(t testing.TB, file []byte, o replay.Options) *replay.Report {
	t.Helper()
	report, err := replay.Run(context.Background(), open(t, file), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestReplayIsTheSame(t *testing.T) {
	file, p := record(t, replay.RecorderOptions{StateEvery: 1}, operations(200))
	for _, restoreAfter := range []uint64{0, 1, 57, 199, 200} {
		before, after := uint64(0), uint64(0)
		report := run(t, file, replay.Options{Pool: "lab", RestoreAfter: restoreAfter,
			Before: func(s *protos.JournalStep, _ *pool.Pool) error {
				if before++; s.GetNumber() != before || after != before-1 {
					t.Errorf("step %d comes after %d", s.GetNumber(), after)
				}
				return nil
			},
			After: func(s *protos.JournalStep, outcome *protos.Outcome, p *pool.Pool) error {
				if after++; s.GetNumber() != after {
					t.Errorf("step %d comes after %d", s.GetNumber(), after-1)
				}
				state, hash := p.Hash(), pool.Digest(outcome)
				if !bytes.Equal(state[:], s.GetStateHash()) || !bytes.Equal(hash[:], s.GetOutcomeHash()) {
					t.Errorf("step %d: another pool or outcome", after)
				}
				return nil
			}})
		if report.Difference != nil || report.Steps != 200 || report.States != 200 || after != 200 {
			t.Errorf("restored after %d: %+v", restoreAfter, report)
		}
		if report.Pool.Hash() != p.Hash() || report.Stopped || report.Torn != nil {
			t.Errorf("restored after %d: another end", restoreAfter)
		}
		if !report.First.Equal(start) || !report.Last.Equal(start.Add(199*time.Minute)) {
			t.Errorf("from %v to %v", report.First, report.Last)
		}
	}
}

// Whoever records with an event sink makes the same journal.
func TestApplyIsStep(t *testing.T) {
	want, _ := record(t, replay.RecorderOptions{StateEvery: 7, Outcomes: true}, operations(60))
	p := newPool(t)
	var file bytes.Buffer
	w, err := journal.NewWriter(&file, journal.Beginning{Snapshot: p.Snapshot(),
		Header: &protos.JournalHeader{Pool: "lab"}})
	if err != nil {
		t.Fatal(err)
	}
	rec := replay.NewRecorder(p, w, replay.RecorderOptions{StateEvery: 7, Outcomes: true})
	refused := 0
	for _, op := range operations(60) {
		if _, err := rec.Apply(context.Background(), op, nil); err != nil {
			if !errors.Is(err, scheduler.ErrInvalid) {
				t.Fatal(err)
			}
			refused++
		}
	}
	if err := w.Close(); err != nil || refused != 6 {
		t.Fatalf("%d were refused, %v", refused, err)
	}
	if !bytes.Equal(file.Bytes(), want) {
		t.Error("another journal")
	}
}

// A replay stops where it is told to, and the reader goes on after that.
func TestUntil(t *testing.T) {
	file, p := record(t, replay.RecorderOptions{}, operations(100))
	for _, c := range []struct {
		at   replay.Point
		want uint64
	}{
		{replay.Point{Begin: true}, 0},
		{replay.Point{Begin: true, Step: 5}, 0},
		{replay.Point{Step: 1}, 1},
		{replay.Point{Step: 50}, 50},
		{replay.Point{Step: 100}, 100},
		{replay.Point{Step: 1000}, 100},
		{replay.Point{Time: start.Add(-time.Second)}, 0},
		{replay.Point{Time: start.Add(10 * time.Minute)}, 11},
		{replay.Point{Time: start.Add(10 * time.Hour)}, 100},
		{replay.Point{Step: 5, Time: start.Add(10 * time.Minute)}, 5},
	} {
		r := open(t, file)
		report, err := replay.Run(context.Background(), r, replay.Options{Until: c.at})
		if err != nil || report.Steps != c.want || report.Stopped != (c.want < 100) {
			t.Errorf("%+v: %+v, %v", c.at, report, err)
			continue
		}
		for step, err := r.Next(); err == nil; step, err = r.Next() {
			if hash := pool.Digest(report.Pool.Step(context.Background(), step.GetOperation())); !bytes.Equal(hash[:],
				step.GetOutcomeHash()) {
				t.Errorf("%+v: step %d differs", c.at, step.GetNumber())
			}
		}
		if report.Pool.Hash() != p.Hash() {
			t.Errorf("%+v: another end", c.at)
		}
	}
}

// rewrite returns a journal whose steps were changed.
func rewrite(t *testing.T, file []byte, change func(*protos.JournalStep)) []byte {
	t.Helper()
	r := open(t, file)
	var out bytes.Buffer
	w, err := journal.NewWriter(&out, journal.Beginning{Header: r.Header(), Snapshot: r.Snapshot()})
	if err != nil {
		t.Fatal(err)
	}
	for {
		step, err := r.Next()
		if err != nil {
			break
		}
		change(step)
		if err := w.Append(step); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A journal of other outcomes or states differs at the first of them, with what each has there.
func TestDifferences(t *testing.T) {
	whole, _ := record(t, replay.RecorderOptions{StateEvery: 1, Outcomes: true}, operations(40))
	bare, _ := record(t, replay.RecorderOptions{}, operations(40))
	// set gives step 13, the first pull after two requests, another outcome.
	set := func(change func(*protos.Outcome)) func(*protos.JournalStep) {
		return func(s *protos.JournalStep) {
			if s.GetNumber() != 13 {
				return
			}
			outcome := proto.CloneOf(s.GetOutcome())
			change(outcome)
			hash := pool.Digest(outcome)
			s.OutcomeHash = hash[:]
			s.Outcome = outcome
		}
	}
	other := sha256.Sum256(nil)
	for _, c := range []struct {
		name   string
		file   []byte
		change func(*protos.JournalStep)
		number uint64
		want   []string
	}{
		{"assignment", whole, set(func(o *protos.Outcome) {
			o.GetResult().GetAssignments()[0].WorkerId = "w9"
		}), 13, []string{`operation 13 at 2026-01-05T09:12:00Z: {"time":"2026-01-05T09:12:00Z","assign_tasks":`,
			`assignment 1 differs`, `expected: {"worker_id":"w9"`, `     got: {"worker_id":"w`}},
		{"one less", whole, set(func(o *protos.Outcome) {
			o.GetResult().Assignments = nil
		}), 13, []string{"assignment 1 differs", "expected: none\n", `got: {"worker_id":`}},
		{"one more event", whole, set(func(o *protos.Outcome) {
			o.Events = append(o.Events, &protos.TaskEvent{RequestId: "5"})
		}), 13, []string{`expected: {"request_id":"5"}`, "got: none\n"}},
		{"error", whole, set(func(o *protos.Outcome) { o.Error = "no" }), 13,
			[]string{"the error differs", "expected: no\n", "got: none\n"}},
		{"only a hash", bare, func(s *protos.JournalStep) {
			if s.GetNumber() == 20 {
				s.OutcomeHash = other[:]
			}
		}, 20, []string{"operation 20 at", "the journal does not have the outcome", "e3b0c44298fc1c14"}},
		{"state", whole, func(s *protos.JournalStep) {
			if s.GetNumber() == 30 {
				s.StateHash = other[:]
			}
		}, 30, []string{"the state after it is not", "expected: a state with the hash e3b0c44298fc1c14"}},
		{"operation", whole, func(s *protos.JournalStep) {
			if w := s.GetOperation().GetTaskWaiting(); w != nil && s.GetNumber() > 10 {
				w.AccountId = "nobody"
			}
		}, 11, []string{"operation 11 at", `event 1 differs`, `"account_id":"lab"`, `"account_id":"nobody","enq`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := run(t, rewrite(t, c.file, c.change), replay.Options{})
			d := report.Difference
			if d == nil || d.Number != c.number || report.Steps != c.number-1 {
				t.Fatalf("got %+v", report)
			}
			for _, want := range c.want {
				if !strings.Contains(d.String(), want) {
					t.Errorf("no %q in\n%s", want, d)
				}
			}
		})
	}
}

// Journals that do not belong to this pool or this program are refused before anything runs.
func TestJournalsOfOthers(t *testing.T) {
	begin := func(change func(*protos.Pool)) []byte {
		s := newPool(t).Snapshot()
		change(s)
		var file bytes.Buffer
		w, err := journal.NewWriter(&file, journal.Beginning{Snapshot: s,
			Header: &protos.JournalHeader{Pool: "lab"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	}
	for _, c := range []struct {
		name string
		file []byte
		o    replay.Options
		want error
		text string
	}{
		{"name", begin(func(*protos.Pool) {}), replay.Options{Pool: "gpu"}, replay.ErrOtherPool,
			`it is of "lab", and "gpu" was expected`},
		{"nothing", begin(func(s *protos.Pool) { s.Scheduler = nil }), replay.Options{},
			replay.ErrOtherVersion, "invalid snapshot"},
		{"field", begin(func(s *protos.Pool) { s.Scheduler.Accounts[0].Balance = nil }),
			replay.Options{}, replay.ErrOtherVersion, "accounts[0].balance"},
		{"unknown field", begin(func(s *protos.Pool) {
			s.Scheduler.ProtoReflect().SetUnknown([]byte{0xfa, 0x3f, 1, 7})
		}), replay.Options{}, replay.ErrOtherVersion, "its snapshot has the hash"},
	} {
		t.Run(c.name, func(t *testing.T) {
			report, err := replay.Run(context.Background(), open(t, c.file), c.o)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
			if report.Pool != nil || report.Steps != 0 || report.Header.GetPool() != "lab" {
				t.Errorf("got %+v", report)
			}
		})
	}
}

// What is before a tear or damage is run, and the report says where it is.
func TestTornAndDamaged(t *testing.T) {
	file, _ := record(t, replay.RecorderOptions{StateEvery: 1}, operations(30))
	report := run(t, file[:len(file)-1], replay.Options{})
	if report.Steps != 29 || report.Torn == nil || report.Torn.Record != 32 {
		t.Errorf("torn: %+v", report)
	}
	bad := bytes.Clone(file)
	bad[len(bad)-1] ^= 1
	report, err := replay.Run(context.Background(), open(t, bad), replay.Options{})
	if !errors.Is(err, journal.ErrDamaged) || report.Steps != 29 || report.Pool == nil {
		t.Errorf("damaged: %+v, %v", report, err)
	}
}

// An error of a function ends the run before the step or after it, and the reader goes on there.
func TestRunEndsEarly(t *testing.T) {
	file, _ := record(t, replay.RecorderOptions{}, operations(30))
	enough := errors.New("enough")
	at7 := func(s *protos.JournalStep) error {
		if s.GetNumber() == 7 {
			return enough
		}
		return nil
	}
	for want, o := range map[uint64]replay.Options{
		6: {Before: func(s *protos.JournalStep, _ *pool.Pool) error { return at7(s) }},
		7: {After: func(s *protos.JournalStep, _ *protos.Outcome, _ *pool.Pool) error { return at7(s) }},
	} {
		r := open(t, file)
		report, err := replay.Run(context.Background(), r, o)
		if err != enough || report.Steps != want {
			t.Errorf("%+v, %v", report, err)
		}
		if next, err := r.Next(); err != nil || next.GetNumber() != want+1 {
			t.Errorf("after %d steps comes %v, %v", want, next, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := replay.Run(ctx, open(t, file), replay.Options{}); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

// full is a disk with room for n bytes.
type full struct{ n int }

var errFull = errors.New("no space left on device")

func (f *full) Write(b []byte) (int, error) {
	if f.n -= len(b); f.n < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// When the journal fails, nothing more is done that it does not have.
func TestRecorderOnAFullDisk(t *testing.T) {
	p := newPool(t)
	w, err := journal.NewWriter(&full{n: 100_000}, journal.Beginning{Snapshot: p.Snapshot()})
	if err != nil {
		t.Fatal(err)
	}
	rec := replay.NewRecorder(p, w, replay.RecorderOptions{})
	ops := operations(5000)
	for _, op := range ops {
		if _, err = rec.Step(context.Background(), op); err != nil {
			break
		}
	}
	if !errors.Is(err, errFull) || rec.Err() != err {
		t.Fatalf("got %v", err)
	}
	before := p.Hash()
	_, stepErr := rec.Step(context.Background(), ops[0])
	_, applyErr := rec.Apply(context.Background(), ops[0], scheduler.NullEventSink)
	if stepErr != err || applyErr != err || rec.Pool().Hash() != before {
		t.Errorf("%v, %v", stepErr, applyErr)
	}
}
