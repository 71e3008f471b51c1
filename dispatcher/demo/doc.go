// Package demo makes a lab of simulated machines and a day of tasks for them, to look at and for
// tests: [Worker] is a machine that speaks the protocol of workers, and [RunLab] runs 24 of them
// for four teams.
package demo
