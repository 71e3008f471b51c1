package replay_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/replay"
)

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
			outcome, _ := report.Pool.Step(context.Background(), step.GetOperation())
			if hash := pool.Digest(outcome); !bytes.Equal(hash[:], step.GetOutcomeHash()) {
				t.Errorf("%+v: step %d differs", c.at, step.GetNumber())
			}
		}
		if report.Pool.Hash() != p.Hash() {
			t.Errorf("%+v: another end", c.at)
		}
	}
}
