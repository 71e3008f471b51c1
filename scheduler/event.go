package scheduler

import "github.com/quotasched/quotasched/protos"

// EventSink takes the events of an operation, in order. Every change of a request's place is
// exactly one event. A sink owns what it is given.
type EventSink interface {
	AddEvent(*protos.TaskEvent)
}

// NullEventSink drops all events. They are not even made for it, so it costs nothing. A nil
// EventSink means the same.
var NullEventSink EventSink = nullEventSink{}

type nullEventSink struct{}

func (nullEventSink) AddEvent(*protos.TaskEvent) {}
