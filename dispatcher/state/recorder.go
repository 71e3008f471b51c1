package state

import "github.com/quotasched/quotasched/protos"

// A Recorder is told what is done to the pools that have not failed, so that somebody can keep
// journals of them. Its methods are called while an entry is applied or a snapshot is read or
// written, must return at once, and change nothing.
type Recorder interface {
	// Restart says that another state is in place: what follows of a pool begins with Begin.
	Restart()
	// Begin says that a pool is in the state of these bytes, as pool.AppendSnapshot made them, with
	// all entries up to an index applied; or, of a pool that the entry of this index makes, before its
	// first step. If the pool was there before, its last step has led to this state. The bytes come in
	// parts, one behind the other, and do not change any more.
	Begin(pool string, index uint64, snapshot [][]byte)
	// Step says that a pool was told an operation, with this outcome, whose events have the pool's
	// name. The outcome does not change any more; the operation is good until the call returns.
	Step(pool string, op *protos.Operation, outcome *protos.Outcome)
	// End says that a pool is not there any more: it was deleted, or has failed.
	End(pool string)
}

// nobody is the recorder of a state that nobody follows.
type nobody struct{}

func (nobody) Restart()                                        {}
func (nobody) Begin(string, uint64, [][]byte)                  {}
func (nobody) Step(string, *protos.Operation, *protos.Outcome) {}
func (nobody) End(string)                                      {}
