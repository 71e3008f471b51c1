// Package report writes the figures of simulations down, for people and for programs.
//
//	                              for people                     for programs
//	a run (simulator.Figures)     Table
//	an experiment (Results)       Comparison, Differences, HTML  JSON, TaskFile (CSV)
//	two experiments               PairDifferences
//
// [Table], [Comparison], [Differences] and [PairDifferences] are for a terminal. [HTML] is one page
// that opens offline, with charts, and has its styles, scripts and data in it: the folder html has
// the page's sources, and in html/uplot the library that draws lines, with its licence.
//
// All of them show what they are given: results without runs, accounts, series or differences, and
// names with anything in them, make a report and no error. Figures of several seeds are means over
// them. Writing the same thing twice gives the same bytes.
//
// A [File] and a [TaskFile] appear under their names only when they are whole, and are begun before
// a run, so that a path that cannot be written is found out then.
//
// # The page
//
// What can be said in words is in the page itself, and made by Go: who waits less and more, beside
// the first variant. What is drawn, and the large tables, are made by the page's scripts from one
// block of JSON (chartData). A series has at most 240 points there (fewer where there are more than
// four variants), and accounts that used little have fewer percentiles and no differences, so that
// the page of three policies and twenty accounts stays below a megabyte.
//
// The browser test opens pages in a headless Chromium where there is one; where there is none, it
// fails if the environment has QSIM_BROWSER=required, and is skipped if not.
package report
