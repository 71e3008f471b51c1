package state

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos/replica"
	"github.com/quotasched/quotasched/scheduler"
)

// externalToProto returns what is known of an external pool's requests beside its scheduler.
func (p *hosted) externalToProto() proto.Message {
	return &replica.External{Heard: p.heard.toProto(), Over: p.over.toProto()}
}

// external reads it.
func (d *reading) external(b []byte) error {
	if !d.p.external || d.p.failed() {
		return errors.New("the pool is not external, or has failed")
	}
	m := &replica.External{}
	if err := unmarshal(b, m); err != nil {
		return err
	}
	var err error
	if d.p.heard, err = readHeard(m.GetHeard()); err != nil {
		return err
	}
	d.p.over, err = readOvers(m.GetOver())
	return err
}

// checkHeard returns an error unless all requests that the scheduler of an external pool knows were
// heard of.
func (p *hosted) checkHeard() error {
	known := int64(0)
	for id := range p.heard.byID { // the order is free: it is a count
		if p.pool.Scheduler().Knows(scheduler.RequestID(id)) {
			known++
		}
	}
	if n := p.requests(); n != known {
		return fmt.Errorf("%d of %d requests were heard of", known, n)
	}
	return nil
}
