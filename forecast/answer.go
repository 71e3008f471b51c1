package forecast

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Reasons for answers other than a time.
const (
	// ReasonUnknownRunTime is that of UNKNOWN: nothing is known of how long a task runs that may
	// have a say in when the request starts.
	ReasonUnknownRunTime = "UnknownRunTime"
	// ReasonHorizon is that of NOT_WITHIN_HORIZON: it starts later, if ever.
	ReasonHorizon = "Horizon"
	// ReasonBudget is that of NOT_WITHIN_HORIZON if forks ended before the horizon, as they had
	// made all the operations that they may.
	ReasonBudget = "Budget"
	// ReasonNoSuchWorker is that of NEVER if no worker of the fleet has the request's base labels.
	ReasonNoSuchWorker = "NoSuchWorker"
	// ReasonNeverPays is that of NEVER if its account may not run free, and never has anything.
	ReasonNeverPays = "NeverPays"
	// ReasonExpires is that of NOT_WITHIN_HORIZON if the request leaves in some forks, and starts
	// in none, as it waits for longer than the pool allows.
	ReasonExpires = "Expires"
	// ReasonTaskError is that of NOT_WITHIN_HORIZON if the request has an error, and is about to be
	// cancelled.
	ReasonTaskError = "TaskError"
	// ReasonOnWorker is that of ON_WORKER.
	ReasonOnWorker = "OnWorker"
)

// answer makes the answer out of what became of the targets.
func (s *scene) answer(outcomes []outcome) *protos.Forecast {
	a := &protos.Forecast{
		Time:     timestamppb.New(s.options.Begin),
		Until:    timestamppb.New(s.options.Begin.Add(s.options.Horizon)),
		Forks:    int32(len(outcomes)),
		Seed:     s.options.Seed,
		Coverage: s.options.Coverage,
	}
	for i := range outcomes {
		a.Operations += int64(outcomes[i].operations)
		if outcomes[i].cutShort {
			a.ForksCutShort++
		}
	}
	failed := map[string]bool{}
	for _, e := range s.snapshot.GetReconciler().GetTaskErrors() {
		failed[e.GetRequestId()] = true
	}
	for i := range s.targets {
		r := s.answerOne(i, outcomes)
		if r.Reason == ReasonHorizon && failed[r.GetRequestId()] {
			r.Reason, r.Message = ReasonTaskError, "it has an error, and is about to be cancelled"
		}
		a.Requests = append(a.Requests, r)
	}
	a.Assumptions = s.assumptions(a)
	return a
}

// answerOne makes the answer about one target.
func (s *scene) answerOne(i int, outcomes []outcome) *protos.RequestForecast {
	t := &s.targets[i]
	r := &protos.RequestForecast{
		RequestId:   string(t.request.ID),
		AccountId:   string(t.request.Account),
		EnqueueTime: timestamppb.New(t.request.EnqueueTime),
		RunTime:     s.tasks[t.request.ID].estimate.proto(),
	}
	if t.never != nil {
		r.Answer, r.Later = protos.RequestForecast_ANSWER_NEVER, 1
		r.Reason, r.Message = t.never.GetCode().String(), t.never.GetMessage()
		return r
	}
	if t.request.Worker != "" {
		r.Answer, r.Reason = protos.RequestForecast_ANSWER_ON_WORKER, ReasonOnWorker
		r.Message = fmt.Sprintf("it is on worker %q", t.request.Worker)
		s.complete(r, i, outcomes)
		return r
	}
	var doubt scheduler.RequestID
	expired := 0
	starts := make([]time.Duration, len(outcomes))
	for k := range outcomes {
		of := &outcomes[k].targets[i]
		starts[k] = of.start
		if of.start == notStarted {
			r.Later++
		}
		if of.expired {
			expired++
		}
		doubt = cmp.Or(doubt, of.doubt)
	}
	slices.Sort(starts)
	r.Later /= float64(len(outcomes))
	if doubt != "" {
		r.Answer, r.Reason = protos.RequestForecast_ANSWER_UNKNOWN, ReasonUnknownRunTime
		r.Message = s.unknownMessage(doubt)
		r.Later = 0
		return r
	}
	r.StartInForks = quantilesOver(starts).proto(s.options.Horizon)
	r.Answer = protos.RequestForecast_ANSWER_STARTS
	times := s.times(starts)
	r.Earliest, r.Likely, r.Latest = times[0], times[1], times[2]
	if starts[0] == notStarted {
		r.Answer = protos.RequestForecast_ANSWER_NOT_WITHIN_HORIZON
		r.Reason, r.Message = s.notWithin(expired, outcomes)
		r.Earliest, r.Likely, r.Latest = nil, nil, nil
	}
	s.complete(r, i, outcomes)
	return r
}

// complete sets when a target is complete, unless nothing is known of how long it runs.
func (s *scene) complete(r *protos.RequestForecast, i int, outcomes []outcome) {
	t := &s.targets[i]
	if !s.tasks[t.request.ID].estimate.RunTime.known() {
		return
	}
	c := &protos.CompletionForecast{}
	ends := make([]time.Duration, len(outcomes))
	for k := range outcomes {
		of := &outcomes[k].targets[i]
		ends[k] = of.end
		if of.end == notStarted {
			c.Later++
		}
		if of.preempted {
			c.Preempted++
		}
	}
	slices.Sort(ends)
	c.Later /= float64(len(outcomes))
	c.Preempted /= float64(len(outcomes))
	c.InForks = quantilesOver(ends).proto(s.options.Horizon)
	if ends[0] != notStarted {
		times := s.times(ends)
		c.Earliest, c.Likely, c.Latest = times[0], times[1], times[2]
	}
	r.Completion = c
}

// unknownMessage says of which task too little is known.
func (s *scene) unknownMessage(id scheduler.RequestID) string {
	return fmt.Sprintf("nothing is known of how long request %q runs, and that has a say in when "+
		"this one starts", id)
}

// notWithin says why a request that may start does so in no fork.
func (s *scene) notWithin(expired int, outcomes []outcome) (reason, message string) {
	short := 0
	for i := range outcomes {
		if outcomes[i].cutShort {
			short++
		}
	}
	switch {
	case expired > 0:
		return ReasonExpires, fmt.Sprintf("it leaves in %s of %s, as it waits for longer "+
			"than the pool allows", words.Number(expired), words.Count(len(outcomes), "fork"))
	case short > 0:
		return ReasonBudget, fmt.Sprintf("%s of %s ended before the horizon, after %s",
			words.Number(short), words.Count(len(outcomes), "fork"),
			words.Count(s.options.MaxOperations, "operation"))
	}
	return ReasonHorizon, "it does not start within " + words.ExactDuration(s.options.Horizon)
}

// times returns earliest, likely and latest, given the ordered times in the forks.
func (s *scene) times(inForks []time.Duration) (times [3]*timestamppb.Timestamp) {
	for i, level := range levelsOf(s.options.Coverage) {
		times[i] = s.start(inForks[rank(level, len(inForks))])
	}
	return times
}

// quantilesOver returns the quantiles of ordered times in forks.
func quantilesOver(ordered []time.Duration) (q forkQuantiles) {
	for i, share := range quantileShares {
		q[i] = ordered[rank(share, len(ordered))]
	}
	return q
}

// proto returns the quantiles as the wire has them.
func (q forkQuantiles) proto(horizon time.Duration) *protos.ForkQuantiles {
	at := func(i int) *durationpb.Duration {
		if q[i] > horizon {
			return nil
		}
		return durationpb.New(q[i])
	}
	return &protos.ForkQuantiles{P10: at(0), P50: at(1), P90: at(2)}
}

// quantilesOf returns quantiles of the wire. Unset ones are notStarted.
func quantilesOf(p *protos.ForkQuantiles) (q forkQuantiles) {
	for i, d := range []*durationpb.Duration{p.GetP10(), p.GetP50(), p.GetP90()} {
		q[i] = notStarted
		if d != nil {
			q[i] = d.AsDuration()
		}
	}
	return q
}

// rank returns the place of a quantile among n ordered values.
func rank(level float64, n int) int {
	return min(n-1, max(0, int(math.Round(level*float64(n+1)))-1))
}

// start returns a time from the beginning as an instant, or nothing if it is after the horizon.
func (s *scene) start(d time.Duration) *timestamppb.Timestamp {
	if d > s.options.Horizon {
		return nil
	}
	return timestamppb.New(s.options.Begin.Add(d))
}

// proto returns the estimate as the wire has it; nothing if nothing is known.
func (e *Estimate) proto() *protos.RunTimeEstimate {
	if !e.RunTime.known() {
		return nil
	}
	return &protos.RunTimeEstimate{
		P10:      durationpb.New(e.RunTime.At(0.1)),
		P50:      durationpb.New(e.RunTime.At(0.5)),
		P90:      durationpb.New(e.RunTime.At(0.9)),
		Source:   e.Source,
		PastRuns: int64(e.Runs),
	}
}
