package api

import (
	"context"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// flood has events without end.
type flood struct{ ended chan error }

// Follow implements Events.
func (f flood) Follow(_ context.Context, _ Following, send func([]*dispatch.Event) error) error {
	noise := make([]byte, 100_000) // which compression makes no smaller
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise)
	some := []*dispatch.Event{{Pool: hex.EncodeToString(noise)}}
	for {
		if err := send(some); err != nil {
			f.ended <- err
			return err
		}
	}
}

// TestWhoDoesNotReadIsCutOffWithAReason opens a stream of events, and reads nothing of it.
func TestWhoDoesNotReadIsCutOffWithAReason(t *testing.T) {
	f := flood{make(chan error, 1)}
	s := serveWith(t, func(c *Config) { c.Events, c.SendTimeout = f, 100*time.Millisecond }, "a")
	stream, err := dc.NewEventServiceClient(h2, s.urls[0]).FollowEvents(t.Context(),
		connect.NewRequest(&dispatch.FollowEventsRequest{Pool: "lab", Follow: true}))
	require.NoError(t, err)
	require.ErrorIs(t, <-f.ended, node.ErrSlow)
	require.Equal(t, "ok", s.do(t, call{procedure: dc.ViewServiceListPoolsProcedure, body: `{}`}),
		"others are served")
	for stream.Receive() {
	}
	require.Error(t, stream.Err(), "the stream was cut off")
	require.Eventually(t, func() bool {
		return strings.Contains(s.metrics(t), `code="resource_exhausted",method="FollowEvents"`)
	}, 10*time.Second, 5*time.Millisecond, "and that is counted")
}

// metrics are those of the first node.
func (s *served) metrics(t *testing.T) string {
	answer, err := h2.Get(s.urls[0] + "/metrics")
	require.NoError(t, err)
	defer answer.Body.Close()
	var b strings.Builder
	_, err = io.Copy(&b, answer.Body)
	require.NoError(t, err)
	return b.String()
}
