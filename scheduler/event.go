package scheduler

import "github.com/quotasched/quotasched/protos"

// EventSink takes the events of an operation, in order. Every change of a request's place is
// exactly one event. A sink owns what it is given, unless it is an EventReader.
type EventSink interface {
	AddEvent(*protos.TaskEvent)
}

// An EventReader is an EventSink that may say that it only looks at events: all events for it are
// then made in the same memory, which costs no allocation.
type EventReader interface {
	EventSink
	// OnlyReads is asked at the start of each operation. If it returns true, an event of that
	// operation belongs to the scheduler, and is valid until AddEvent returns; the sink writes
	// nothing into it, and copies what it keeps of it, texts excepted.
	OnlyReads() bool
}

// NullEventSink drops all events. They are not even made for it, so it costs nothing. A nil
// EventSink means the same.
var NullEventSink EventSink = nullEventSink{}

type nullEventSink struct{}

func (nullEventSink) AddEvent(*protos.TaskEvent) {}
