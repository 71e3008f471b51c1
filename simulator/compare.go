package simulator

import (
	"cmp"
	"slices"
	"time"
)

// impossible describes the submissions that were too large, in order.
func (e *engine) impossible() []Impossible {
	list := []Impossible{}
	for i := e.tally.firstCounted; i < e.arrived; i++ {
		if !e.tally.impossible(i) {
			continue
		}
		s := &e.setup.Workload.Submissions[i]
		list = append(list, Impossible{
			Submission: s.ID,
			Account:    s.Account,
			Size:       s.Size,
			Workers:    e.tally.tooLarge[i],
		})
	}
	return list
}

// impossibleReasons says why they can never run.
func (e *engine) impossibleReasons() []ImpossibleReason {
	counted := e.setup.Workload.Submissions[min(e.tally.firstCounted, e.arrived):e.arrived]
	return FindImpossible(counted, e.setup.Workers)
}

// submissions compares what completed with what really happened to it; nil if nothing is known.
func (e *engine) submissions() *SubmissionFigures {
	actual := make([]int64, 0, e.arrived)
	first, last := make([]int64, 0, e.arrived), make([]int64, 0, e.arrived)
	var usedSeconds float64
	var begin, end time.Duration
	for i := e.tally.firstCounted; i < e.arrived; i++ {
		s := &e.setup.Workload.Submissions[i]
		p := &e.tally.progress[i]
		if s.RealWait < 0 || p.completed < s.Size {
			continue
		}
		if len(actual) == 0 {
			begin = s.Submit
		}
		end = max(end, s.Submit+s.RealWait+s.Run)
		usedSeconds += s.Run.Seconds() * float64(s.Size)
		actual = append(actual, millis(s.RealWait))
		first = append(first, millis(p.first-s.Submit))
		last = append(last, millis(p.last-s.Submit))
	}
	if len(actual) == 0 {
		return nil
	}
	span := (end - begin).Seconds()
	workers := cmp.Or(e.setup.Workload.RealWorkers, len(e.fleet.workers))
	return &SubmissionFigures{
		RealWait:                   distribution(actual), // which sorts them
		RealWaitPercentilesSeconds: percentilesSeconds(actual),
		FirstWait:                  distribution(first),
		LastWait:                   distribution(last),
		RealUtilisation:            ratio(usedSeconds, span*float64(workers)),
		RealSpanSeconds:            thousandths(span),
	}
}

// wall sums up the times of the real world.
func (t *tally) wall() *WallFigures {
	w := &WallFigures{TotalSeconds: t.wallTotal.Seconds()}
	if len(t.passWall) == 0 {
		return w
	}
	sum := time.Duration(0)
	nanos := make([]int64, len(t.passWall))
	for i, d := range t.passWall {
		sum += d
		nanos[i] = int64(d)
	}
	slices.Sort(nanos)
	w.PassMeanSeconds = (sum / time.Duration(len(nanos))).Seconds()
	w.PassP50Seconds = time.Duration(percentile(nanos, 50)).Seconds()
	w.PassP99Seconds = time.Duration(percentile(nanos, 99)).Seconds()
	w.PassMaxSeconds = time.Duration(nanos[len(nanos)-1]).Seconds()
	return w
}
