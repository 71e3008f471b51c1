package replay_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
)

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
