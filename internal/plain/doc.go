// Package plain is package fork in the plainest way: one loop over all multiples of the tick, in
// which all workers without a task pull each time, over the naive pool of internal/reference. It is
// the specification of package fork, and the truth that forecasts are held to. It also makes up
// random pools and worlds for them.
package plain
