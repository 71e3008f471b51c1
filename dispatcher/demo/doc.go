// Package demo makes a lab of simulated machines and a day of tasks for them, to look at and for
// tests.
package demo
