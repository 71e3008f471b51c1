package scheduler

import "github.com/quotasched/quotasched/protos"

// EventFields are what only the caller of an operation knows of its events.
type EventFields struct {
	// Pool is the name of the pool, for sinks that serve several.
	Pool string
	// IsCallback says that the dispatcher was told of the news, for example by a callback of a
	// task queue, rather than asked by somebody for whom it then applied an operation.
	IsCallback bool
}

// With returns a sink that gives each event these fields, and passes it on.
func (f EventFields) With(sink EventSink) EventSink {
	if sink == nil || sink == NullEventSink {
		return NullEventSink
	}
	return &fieldSink{f, sink}
}

// A fieldSink owns its events, as it is no EventReader, and so may write into them.
type fieldSink struct {
	fields EventFields
	to     EventSink
}

// AddEvent implements EventSink.
func (s *fieldSink) AddEvent(e *protos.TaskEvent) {
	e.Pool, e.IsCallback = s.fields.Pool, s.fields.IsCallback
	s.to.AddEvent(e)
}
