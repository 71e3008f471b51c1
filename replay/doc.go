// Package replay makes journals of a pool, and runs them again. A pool is a pure function of its
// operations, so the same operations must give the same outcomes and states, on any machine. If
// they do not, one of the two programs has another rule, or a defect, and the first difference says
// where.
//
//	w, err := journal.Create("lab.qsj", journal.Beginning{Header: header, Snapshot: p.Snapshot()})
//	rec := replay.NewRecorder(p, w, replay.RecorderOptions{StateEvery: 100})
//	outcome, err := rec.Step(ctx, operation)    // and so on; then w.Close()
//
//	r, err := journal.Open("lab.qsj")
//	report, err := replay.Run(ctx, r, replay.Options{})
//	report.Difference                           // nil: all is the same
//
// A replay can stop at a point. The pool is then the one of that moment, and the reader goes on
// with the first step after it, so that the remaining steps can be run on another pool, with other
// settings. Options.Before and Options.After see the pool at each step, for more than the report
// has.
package replay
