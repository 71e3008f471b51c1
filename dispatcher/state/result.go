package state

import (
	"crypto/sha256"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/replica"
)

const (
	// resultsFor is how long the outcome of a request id is kept,
	resultsFor = 10 * time.Minute
	// resultsMax how many of them,
	resultsMax = 100_000
	// and resultBytesMax how many bytes of them. The oldest leave first.
	resultBytesMax = 64 << 20
	// requestIDBytes is how long a request id may be.
	requestIDBytes = 128
)

// results are the outcomes of commands with a request id, oldest first. Those that were refused are
// not kept: they have changed nothing, and may be tried again.
type results struct {
	byID  map[resultKey]*result
	queue []*result
	bytes int
}

type resultKey struct{ identity, requestID string }

type result struct {
	key     resultKey
	at      time.Time
	hash    [sha256.Size]byte
	outcome *replica.CommandOutcome
	bytes   int
}

// find returns the outcome of a command that was run before, nil if it was not. Another command
// with the same request id is refused.
func (r *results) find(c *replica.Command, at time.Time) (*replica.CommandOutcome, error) {
	id := c.GetRequestId()
	if id == "" {
		return nil, nil
	}
	if len(id) > requestIDBytes {
		return nil, invalid("request_id has %d bytes, more than %d", len(id), requestIDBytes)
	}
	r.expire(at)
	known := r.byID[resultKey{c.GetIdentity(), id}]
	if known == nil {
		return nil, nil
	}
	if known.hash != hashOf(c) {
		return nil, invalid("request_id %q was used for another call %v ago", id, at.Sub(known.at))
	}
	return known.outcome, nil
}

// add keeps the outcome of a command with a request id.
func (r *results) add(c *replica.Command, out *replica.CommandOutcome, at time.Time) {
	if c.GetRequestId() == "" {
		return
	}
	r.keep(&result{key: resultKey{c.GetIdentity(), c.GetRequestId()}, at: at, hash: hashOf(c),
		outcome: proto.CloneOf(out)})
}

// keep adds a result, and lets the oldest go if there are too many.
func (r *results) keep(x *result) {
	x.bytes = proto.Size(x.outcome)
	if r.byID == nil {
		r.byID = map[resultKey]*result{}
	}
	r.byID[x.key] = x
	r.queue = append(r.queue, x)
	r.bytes += x.bytes
	for len(r.queue) > resultsMax || r.bytes > resultBytesMax {
		r.drop()
	}
}

// drop forgets the oldest result.
func (r *results) drop() {
	x := r.queue[0]
	r.queue[0] = nil
	r.queue = r.queue[1:]
	r.bytes -= x.bytes
	delete(r.byID, x.key)
}

// expire forgets the results that are too old.
func (r *results) expire(at time.Time) {
	for len(r.queue) > 0 && at.Sub(r.queue[0].at) >= resultsFor {
		r.drop()
	}
}

// due returns when the oldest result is too old.
func (r *results) due() (t time.Time, ok bool) {
	if len(r.queue) == 0 {
		return t, false
	}
	return r.queue[0].at.Add(resultsFor), true
}

// hashOf returns the SHA-256 of what a command asks for: of a submit that is the request without
// the ids that the leader gives, which differ when it is repeated.
func hashOf(c *replica.Command) [sha256.Size]byte {
	asked := &replica.Command{Kind: c.GetKind()}
	if s := c.GetSubmitTasks(); s != nil {
		asked.Kind = &replica.Command_SubmitTasks{
			SubmitTasks: &replica.SubmitTasks{Request: s.GetRequest()}}
	}
	bytes, err := deterministic.Marshal(asked)
	if err != nil {
		panic("invariant: a command of an entry can be marshalled: " + err.Error())
	}
	return sha256.Sum256(bytes)
}

// copyOutcome writes a copy of an outcome.
func copyOutcome(to, from *replica.CommandOutcome) { proto.Merge(to, from) }

// toProto returns results as sections of a snapshot hold them.
func resultsToProto(queue []*result) *replica.RequestResults {
	m := &replica.RequestResults{}
	for _, x := range queue {
		m.Results = append(m.Results, &replica.RequestResult{
			Identity: x.key.identity, RequestId: x.key.requestID, Time: timestamppb.New(x.at),
			CommandHash: x.hash[:], Outcome: x.outcome,
		})
	}
	return m
}
