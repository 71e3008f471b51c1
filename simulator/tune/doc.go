// Package tune searches for settings: given knobs, goals and something to minimize, it finds the
// values of the knobs under which all goals are met at the least cost. It knows nothing of quotas:
// what a setting comes to, the caller measures ([Problem.Evaluate]), by simulation.
//
//	             points, in batches                    settings that are left
//	┌─────────┐ ────────────────────▶ ┌────────────┐ ────────────────────────▶ ┌────────┐
//	│ search  │                       │ Evaluate,  │                           │ Result │
//	└─────────┘ ◀──────────────────── │ the caller │ ◀──────────────────────── └────────┘
//	             outcomes, by case    └────────────┘  cases never seen before
//
// # A point
//
// A point has a value for each [Knob], within its range. The search works in the unit cube: a
// knob's range, linear or logarithmic, is 0 to 1. Values are rounded, to whole numbers or to three
// digits, before anything is measured, so that what is measured is what people are told.
//
// # Which of two points is better
//
// These rules are Deb's, and nothing has to be weighed against anything:
//
//   - A point that meets all goals is better than one that misses some.
//   - Of two that miss some, the one that misses by less is better: the sum over the goals of
//     ln(figure/bound).
//   - Of two that meet all, the one with the smaller objective is better; of equal ones, the one
//     that is farther from its tightest goal.
//
// A point is measured in several cases, such as seeds; its figures are means over them. While it
// searches, a goal must be met with a margin: mean and one standard error.
//
// # The phases
//
//	1 search    CMA-ES on a quarter of the workload, then on half, then on all of it, the state
//	            carried over: mean, step and covariance. Then a pattern search with all of it, one
//	            knob at a time, with ever smaller steps, down to one for whole numbers.
//	2 frontier  For each goal, with half and twice its bound: a short search that begins at the
//	            best known point for it.
//	3 select    The best point in cases that the search did not see, as the best of many measured
//	            points is partly the luckiest. While it does not meet the goals there by three
//	            standard errors, so that the verdict can be sure of it, the search goes on for
//	            bounds that are tighter by what these cases added.
//	4 knobs     Each knob a tenth of its range up and down from the chosen point, with a quarter of
//	            the workload.
//	5 held out  The chosen point, and the settings at the beginning, in cases that no phase has
//	seen.
//
// Phase 1 may be done several times from several starts, on several machines: a start depends on
// its number and the seed alone ([Search]), and [Finish] does the other phases with the starts of
// all.
//
// # Cost and budget
//
// The unit is a run: one case with the whole workload; a quarter of it counts as a quarter. A
// budget may be in runs, and then the same input gives the same result, to the last byte; or in
// time, and then phases end at the end of a batch. A search that is interrupted keeps what it has
// found.
//
// # Prior work
//
// The evolution strategy is the one that N. Hansen describes in "The CMA Evolution Strategy: A
// Tutorial" (2016), with its default parameters, and rank-based constraints after K. Deb, "An
// efficient constraint handling method for genetic algorithms" (2000). That of gonum/optimize takes
// one number for each point, and would need penalties that are weighed against the objective; it
// does not say when a generation ends either.
package tune
