// Package forecasts says when tasks of a node's pools will start and be complete, by package
// forecast, from what the node's journals tell of the past (package journals).
//
// For a pool that somebody asks about, a second pool is run beside the first, from its journal. On
// the way it is learned how long tasks ran, by account and labels, and when which requests came;
// and forecasts are made at earlier times and compared with what happened, by which new ones are
// corrected. The second pool is kept, and at the next question only goes on with what is new.
//
// Each question is answered alone. What one may cost is bounded by its context; what was learned
// until it ended stays.
package forecasts
