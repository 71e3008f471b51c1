// Package demo makes a lab of simulated machines and a day of tasks for them, to look at and for
// tests: [Device] is a machine, and [RunLab] runs 24 of them for four teams.
package demo
