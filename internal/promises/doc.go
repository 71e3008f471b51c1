// Package promises holds pools to what the rules promise: that splitting an account does not pay,
// that quota which was granted is had, that nobody loses more work than the limits say. Each of
// them is a named scenario with figures, and a property over random worlds.
//
// A [World] is workers, requests and a plain dispatcher around a [Pool], which can be any
// implementation of the rules: it moves on from one end of a task to the next, says what is true,
// lets idle workers pull, stops what is to be stopped and reports it waiting for another try.
package promises
