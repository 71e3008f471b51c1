package node

import (
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
)

const (
	// A worker with something to do reports at the latest after this part of its TTL.
	reportsPerTTL = 3
	// One with nothing to do needs no deadline that moves: it is only to be seen that it is there. It
	// reports idleMargin before its TTL is over, or after half of it if that is later. What it is told
	// to run meanwhile can be reported for several times as long as a change of leaders takes, before
	// it would have to stop.
	idleMargin = 20 * time.Second
	// One that begins a session reports again within this part of its TTL.
	soonsPerTTL = 6
)

// nextReport is when a worker with these orders, a complete picture, shall report next: not all of
// them at the same time.
func nextReport(now *dispatch.Orders) *durationpb.Duration {
	ttl := now.GetLeaseTtl().AsDuration()
	part := max(ttl-idleMargin, ttl/2)
	if asks(now) {
		part = ttl / reportsPerTTL
	}
	return durationpb.New(part*9/10 + rand.N(part/10+1))
}

// soon is when a worker that was told everything shall report, so that it is known to follow
// orders. Those of a fleet that come at the same time, as after a change of leaders, do so one
// after the other, then and from then on.
func soon(now *dispatch.Orders) *durationpb.Duration {
	return durationpb.New(rand.N(now.GetLeaseTtl().AsDuration()/soonsPerTTL + 1))
}

// earlyOrders tell a worker when to come again, and nothing else.
func earlyOrders(term uint64, wait time.Duration) *dispatch.Orders {
	return &dispatch.Orders{Kind: dispatch.Orders_KIND_COMPLETE, Epoch: term,
		NextReport: durationpb.New(wait)}
}
