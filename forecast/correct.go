package forecast

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// The codes of the assumption that says whether a forecast was corrected.
const (
	notCalibrated = "NotCalibrated"
	calibrated    = "Calibrated"
)

// Correct corrects earliest, likely and latest of a forecast that was made without a calibration,
// by the outcomes of the past forecasts that were made before it, as far as they are known by
// then. It changes nothing if they are too few. Run does it for Options.Calibration.
func (c *Calibration) Correct(f *protos.Forecast) {
	begin := f.GetTime().AsTime()
	horizon := f.GetUntil().AsTime().Sub(begin)
	levels := levelsOf(f.GetCoverage())
	start, completion := c.scoresAt(begin)
	at := func(wait time.Duration) *timestamppb.Timestamp {
		if wait > horizon {
			return nil
		}
		return timestamppb.New(begin.Add(wait))
	}
	for _, r := range f.GetRequests() {
		account := scheduler.AccountID(r.GetAccountId())
		var starts [3]time.Duration
		if q := r.GetStartInForks(); start.enough && q.GetP10() != nil {
			starts = start.correct(quantilesOf(q), horizon, account, levels)
			r.Earliest, r.Likely, r.Latest = at(starts[0]), at(starts[1]), at(starts[2])
		}
		if q := r.GetCompletion().GetInForks(); completion.enough && q.GetP10() != nil {
			w := completion.correct(quantilesOf(q), horizon, account, levels)
			for i := range w { // nothing is complete before it starts
				w[i] = max(w[i], starts[i])
			}
			to := r.GetCompletion()
			to.Earliest, to.Likely, to.Latest = at(w[0]), at(w[1]), at(w[2])
		}
	}
	if !start.enough {
		return
	}
	for _, a := range f.GetAssumptions() {
		if a.GetCode() == notCalibrated {
			a.Code, a.Message = calibrated, c.text(f.GetCoverage())
		}
	}
	f.Caveats = slices.DeleteFunc(f.GetCaveats(), func(c *protos.Caveat) bool {
		return c.GetCode() == notCalibrated
	})
}

// text says for people what the calibration rests on.
func (c *Calibration) text(coverage float64) string {
	n, times := c.Outcomes()
	return fmt.Sprintf("Earliest, likely and latest are corrected by the outcomes of %s made at %s, "+
		"so that %s of the starts lie between earliest and latest if the future is like the past.",
		words.Count(n, "past forecast"), words.Count(times, "earlier time"), percent(coverage))
}
