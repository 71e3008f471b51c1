package dispatcher

import (
	"context"
	"net"
	"net/http"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/protos/replica"
	"github.com/quotasched/quotasched/protos/replica/replicaconnect"
)

// nodeBytesMax is how long a message between nodes may be.
const nodeBytesMax = 16 << 20

// nodeService answers the other nodes.
type nodeService struct {
	replicaconnect.UnimplementedNodeServiceHandler
	node   *node.Node
	events *eventFiles
}

// Exchange implements NodeService.
func (s nodeService) Exchange(context.Context, *connect.Request[replica.ExchangeRequest]) (
	*connect.Response[replica.ExchangeResponse], error) {
	return connect.NewResponse(&replica.ExchangeResponse{State: s.node.State()}), nil
}

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

func (p *nodePeers) close() { p.transport.CloseIdleConnections() }
