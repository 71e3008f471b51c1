package replay_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/scheduler"
)

// Whoever records with an event sink makes the same journal.
func TestApplyIsStep(t *testing.T) {
	want, _ := record(t, replay.RecorderOptions{StateEvery: 7, Outcomes: true}, operations(60))
	p := newPool(t)
	file, w := newJournal(t, p)
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
		if _, err = rec.Step(context.Background(), op); rec.Err() != nil {
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
