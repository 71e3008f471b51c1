package scheduler

import (
	"fmt"
	"iter"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
)

// RestoreBytes returns a scheduler that goes on from the bytes of a snapshot, as Restore does from
// the message, and refuses what that refuses, with ErrInvalidSnapshot. It takes any encoding of the
// message, and is made for the one that AppendSnapshot gives: of that, label sets, requests and
// workers are read one by one, into the same message each. Nothing in the scheduler aliases the
// bytes.
func RestoreBytes(snapshot []byte) (*Scheduler, error) {
	parts, ok := splitSnapshot(snapshot)
	if !ok {
		p := &protos.Scheduler{}
		if err := check.Messages(snapshot, p.ProtoReflect().Descriptor()); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrInvalidSnapshot, err)
		}
		if err := proto.Unmarshal(snapshot, p); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrInvalidSnapshot, err)
		}
		return Restore(p)
	}
	p := &protos.Scheduler{}
	if err := check.Messages(parts.tables, p.ProtoReflect().Descriptor()); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalidSnapshot, err)
	}
	for _, part := range [][]byte{parts.tables, parts.rest} {
		if err := (proto.UnmarshalOptions{Merge: true}).Unmarshal(part, p); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrInvalidSnapshot, err)
		}
	}
	return restore(&snapshotSource{
		tables:       p,
		sets:         messagesIn(parts.sets, newSetParser),
		setsCount:    min(parts.setsCount, len(parts.sets)/setBytesMin),
		waiting:      messagesIn(parts.waiting, newRequestParser),
		waitingCount: min(parts.waitingCount, len(parts.waiting)/requestBytesMin),
		workers:      messagesIn(parts.workers, newWorkerParser),
		workersCount: min(parts.workersCount, len(parts.workers)/workerBytesMin),
	})
}

// The least that a label set, a request and a worker take with all that they must have, their tag
// and length included. It bounds the memory that is taken before they are read.
const (
	setBytesMin     = 5
	requestBytesMin = 11
	workerBytesMin  = 9
)

// snapshotParts are a snapshot's bytes with its fields in order.
type snapshotParts struct {
	tables, sets, waiting, workers, rest  []byte
	setsCount, waitingCount, workersCount int
}

// splitSnapshot splits a snapshot whose fields are known ones and in order.
func splitSnapshot(b []byte) (parts snapshotParts, ok bool) {
	last := protowire.Number(0)
	for at := 0; at < len(b); {
		field, typ, n := protowire.ConsumeTag(b[at:])
		if n < 0 || field < last || field > fieldSchedulerLast ||
			typ != protowire.BytesType && field <= fieldSchedulerWorkers {
			return parts, false
		}
		last = field
		size := protowire.ConsumeFieldValue(field, typ, b[at+n:])
		if size < 0 {
			return parts, false
		}
		part := &parts.tables
		switch field {
		case fieldSchedulerLabelSets:
			part = &parts.sets
			parts.setsCount++
		case fieldSchedulerWaitingRequests:
			part = &parts.waiting
			parts.waitingCount++
		case fieldSchedulerWorkers:
			part = &parts.workers
			parts.workersCount++
		default:
			if field > fieldSchedulerWorkers {
				part = &parts.rest
			}
		}
		n += size
		if *part == nil {
			*part = b[at:at]
		}
		*part = (*part)[:len(*part)+n]
		at += n
	}
	return parts, true
}

// messagesIn yields the messages of a part, each valid until the next one comes. A parser returns
// nil for what it does not know; then the message is made by the library.
func messagesIn[T any, M interface {
	*T
	proto.Message
}](part []byte, newParser func() func([]byte) M) iter.Seq2[M, error] {
	return func(yield func(M, error) bool) {
		parse := newParser()
		for rest := part; len(rest) > 0; {
			_, _, n := protowire.ConsumeTag(rest)
			text, size := protowire.ConsumeBytes(rest[n:])
			rest = rest[n+size:]
			m, err := parse(text), error(nil)
			if m == nil {
				m = new(T)
				err = proto.Unmarshal(text, m)
			}
			if !yield(m, err) {
				return
			}
		}
	}
}

// newRequestParser returns a parser that uses the same message again.
func newRequestParser() func([]byte) *protos.Request {
	m, texts := &requestMessage{}, &textMaker{}
	return func(b []byte) *protos.Request {
		if !m.parse(b, texts) {
			return nil
		}
		return &m.request
	}
}

func newSetParser() func([]byte) *protos.LabelSet {
	m := &protos.LabelSet{}
	return func(b []byte) *protos.LabelSet {
		if !parseSet(m, b) {
			return nil
		}
		return m
	}
}

func newWorkerParser() func([]byte) *protos.Worker {
	m, texts := &workerMessage{}, &textMaker{}
	return func(b []byte) *protos.Worker {
		if !m.parse(b, texts) {
			return nil
		}
		return &m.worker
	}
}

func parseSet(m *protos.LabelSet, b []byte) bool {
	m.LabelIds = m.LabelIds[:0]
	f := fieldReader{rest: b}
	for f.next() {
		if f.field != fieldLabelSetLabelIDs {
			return false
		}
		m.LabelIds = readNumbers(&f, m.LabelIds)
	}
	return !f.unsupported
}

func (m *requestMessage) parse(b []byte, texts *textMaker) bool {
	m.request = protos.Request{}
	f := fieldReader{rest: b}
	for f.next() {
		switch f.field {
		case fieldRequestID:
			m.request.Id = texts.make(f.bytes())
		case fieldRequestContent:
			f.check(m.contentMessage.parse(f.bytes(), texts))
			m.request.Content = &m.content
		case fieldRequestConfirmedTime:
			f.instant(&m.confirmed)
			m.request.ConfirmedTime = &m.confirmed
		case fieldRequestBlocked:
			m.request.Blocked = protowire.DecodeBool(f.number())
		case fieldRequestLostWork:
			f.duration(&m.lost)
			m.request.LostWork = &m.lost
		default:
			return false
		}
	}
	return !f.unsupported
}

func (m *contentMessage) parse(b []byte, texts *textMaker) bool {
	m.content = protos.RequestContent{Tags: m.content.Tags[:0]}
	f := fieldReader{rest: b, repeated: fieldContentTags}
	for f.next() {
		switch f.field {
		case fieldContentAccount:
			m.content.Account = uint32(f.number())
		case fieldContentBaseLabelSet:
			m.content.BaseLabelSet = uint32(f.number())
		case fieldContentProvisionableLabelSet:
			m.content.ProvisionableLabelSet = uint32(f.number())
		case fieldContentEnqueueTime:
			f.instant(&m.enqueued)
			m.content.EnqueueTime = &m.enqueued
		case fieldContentTags:
			m.content.Tags = append(m.content.Tags, texts.make(f.bytes()))
		default:
			return false
		}
	}
	return !f.unsupported
}

// A workerMessage is a worker's message with all its parts.
type workerMessage struct {
	worker               protos.Worker
	confirmed, idleSince timestamppb.Timestamp
	run                  protos.Run
	request              requestMessage
	paidSince, start     timestamppb.Timestamp
	handedOut, saved     timestamppb.Timestamp
	next                 contentMessage
}

func (m *workerMessage) parse(b []byte, texts *textMaker) bool {
	m.worker = protos.Worker{}
	f := fieldReader{rest: b}
	for f.next() {
		switch f.field {
		case fieldWorkerID:
			m.worker.Id = texts.make(f.bytes())
		case fieldWorkerLabelSet:
			m.worker.LabelSet = uint32(f.number())
		case fieldWorkerConfirmedTime:
			f.instant(&m.confirmed)
			m.worker.ConfirmedTime = &m.confirmed
		case fieldWorkerIdleSince:
			f.instant(&m.idleSince)
			m.worker.IdleSince = &m.idleSince
		case fieldWorkerRun:
			f.check(m.parseRun(f.bytes(), texts))
			m.worker.Run = &m.run
		default:
			return false
		}
	}
	return !f.unsupported
}

func (m *workerMessage) parseRun(b []byte, texts *textMaker) bool {
	r := &m.run
	*r = protos.Run{Cost: r.Cost[:0], PreemptionCost: r.PreemptionCost[:0]}
	f := fieldReader{rest: b}
	for f.next() {
		switch f.field {
		case fieldRunRequest:
			f.check(m.request.parse(f.bytes(), texts))
			r.Request = &m.request.request
		case fieldRunPriority:
			r.Priority = int32(f.number())
		case fieldRunCost:
			r.Cost = readNumbers(&f, r.Cost)
		case fieldRunPaidSince:
			f.instant(&m.paidSince)
			r.PaidSince = &m.paidSince
		case fieldRunPreemptionCost:
			r.PreemptionCost = readNumbers(&f, r.PreemptionCost)
		case fieldRunStartTime:
			f.instant(&m.start)
			r.StartTime = &m.start
		case fieldRunStage:
			r.Stage = protos.Stage(int32(f.number()))
		case fieldRunNextContent:
			f.check(m.next.parse(f.bytes(), texts))
			r.NextContent = &m.next.content
		case fieldRunHandOutTime:
			f.instant(&m.handedOut)
			r.HandOutTime = &m.handedOut
		case fieldRunSavedTime:
			f.instant(&m.saved)
			r.SavedTime = &m.saved
		default:
			return false
		}
	}
	return !f.unsupported
}
