package forecast

// An outcome that is not known yet, as the request still waits or runs, is open: it will be longer
// than what it lasted so far. How much longer is told by others that lasted longer, as in the
// estimator of Kaplan and Meier (1958): the weight of an open outcome goes to the later ones. But
// often nothing is later, or too little to rely on: in a young record the long ones are all open.
// So a part of the weight stays with the outcome, and goes on by the law for what has outlived all
// that is known (see Distribution.After): half of it for as long again, a tenth for ten times as
// long in all. Beside the later outcomes the law counts for as much as the prior does beside all
// of them, as the outcomes of one time: it decides where there are few, and says little where
// there are many.
//
// It is not the prior that says how long an open outcome goes on. The prior is about cases that
// the past has not seen, and is far wider.

// An outcomeEnd is a score that an outcome has in the end, or may have if it is open, with its
// share of the weight that stays with the outcome.
type outcomeEnd struct {
	score   float64
	outcome int // its index
	share   float64
}

// endsOf returns the ends of some outcomes: the score of each that is known, and what the law
// makes of each that is open. The law is one of real times, so an open outcome goes on beside its
// own forecast.
func endsOf(list []outcomeScore) []outcomeEnd {
	ends := make([]outcomeEnd, 0, len(list))
	for i := range list {
		o := &list[i]
		if !o.open {
			ends = append(ends, outcomeEnd{score: o.score, outcome: i, share: 1})
			continue
		}
		for _, run := range beyond(o.wait, 1) {
			ends = append(ends, outcomeEnd{o.scale.score(run.run), i, run.weight})
		}
	}
	return ends
}

// handOn changes the weights of outcomes, in order of score, to what stays with each. Open ones
// hand on theirs, but for the part that goes on by the law, which counts for some weight beside
// the later ones. The sum stays the same.
func handOn(list []outcomeScore, weights []float64, law float64) {
	later := 0.0
	for _, weight := range weights {
		later += weight
	}
	grown := 1.0 // how much a weight has grown by what earlier ones handed on
	for i, weight := range weights {
		later = max(0, later-weight)
		weights[i] *= grown
		if list[i].open {
			weights[i] *= law / (later + law)
			grown *= 1 + weight/(later+law)
		}
	}
}
