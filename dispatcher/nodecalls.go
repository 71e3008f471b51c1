package dispatcher

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/dispatcher/eventlog"
	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
	"github.com/quotasched/quotasched/protos/replica/replicaconnect"
)

// nodeBytesMax is how long a message between nodes may be.
const nodeBytesMax = 16 << 20

// nodeService answers the other nodes.
type nodeService struct {
	node   *node.Node
	events *eventFiles
}

// Exchange implements NodeService.
func (s nodeService) Exchange(context.Context, *connect.Request[replica.ExchangeRequest]) (
	*connect.Response[replica.ExchangeResponse], error) {
	return connect.NewResponse(&replica.ExchangeResponse{State: s.node.State()}), nil
}

// FetchEvents implements NodeService.
func (s nodeService) FetchEvents(_ context.Context, r *connect.Request[replica.FetchEventsRequest],
	stream *connect.ServerStream[replica.FetchEventsResponse]) error {
	err := s.events.send(r.Msg.GetAfter(), r.Msg.GetUntilIndex(),
		func(events []*dispatch.Event, covered uint64) error {
			return stream.Send(&replica.FetchEventsResponse{Events: events, CoveredIndex: covered})
		})
	var old *eventlog.TooOldError
	if errors.As(err, &old) {
		e := connect.NewError(connect.CodeOutOfRange, err)
		e.Meta().Set(oldestHeader, strconv.FormatUint(old.Oldest.Index, 10))
		return e
	}
	return err
}

// oldestHeader is the oldest entry of which a node has all events.
const oldestHeader = "qsched-oldest"

// nodePeers calls the other nodes.
type nodePeers struct {
	dial      func(ctx context.Context, id string) (net.Conn, error)
	transport *http.Transport
}

var _ node.Peers = (*nodePeers)(nil)

// newNodePeers returns calls over connections to members, which dial opens by their ids.
func newNodePeers(dial func(ctx context.Context, id string) (net.Conn, error)) *nodePeers {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &nodePeers{dial: dial, transport: &http.Transport{
		Protocols: protocols,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			id, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return dial(ctx, id)
		},
	}}
}

// client returns the client of a member, whose id stands where a host's name would.
func (p *nodePeers) client(id string) replicaconnect.NodeServiceClient {
	return replicaconnect.NewNodeServiceClient(&http.Client{Transport: p.transport},
		"http://"+id+":80", connect.WithReadMaxBytes(nodeBytesMax))
}

// Exchange implements node.Peers.
func (p *nodePeers) Exchange(ctx context.Context, m log.Member, s *replica.NodeState) (
	*replica.NodeState, error) {
	r, err := p.client(m.ID).Exchange(ctx, connect.NewRequest(&replica.ExchangeRequest{State: s}))
	if err != nil {
		return nil, err
	}
	return r.Msg.GetState(), nil
}

// source returns the events of a member.
func (p *nodePeers) source(id string) source {
	return func(ctx context.Context, after *dispatch.Position, until uint64,
		take func([]*dispatch.Event, uint64) error) error {
		stream, err := p.client(id).FetchEvents(ctx, connect.NewRequest(
			&replica.FetchEventsRequest{After: after, UntilIndex: until}))
		if err != nil {
			return err
		}
		defer stream.Close() // what it could say is in Err
		for stream.Receive() {
			m := stream.Msg()
			if err := take(m.GetEvents(), m.GetCoveredIndex()); err != nil {
				return err
			}
		}
		var e *connect.Error
		if errors.As(stream.Err(), &e) && e.Code() == connect.CodeOutOfRange {
			oldest, err := strconv.ParseUint(e.Meta().Get(oldestHeader), 10, 64)
			if err == nil {
				return &eventlog.TooOldError{After: eventlog.PositionOf(after),
					Oldest: eventlog.Position{Index: oldest}}
			}
		}
		return stream.Err()
	}
}

func (p *nodePeers) close() { p.transport.CloseIdleConnections() }
