package dispatcher

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

func TestSpansOfCallsAreSent(t *testing.T) {
	t.Parallel()
	sent := make(chan string, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err == nil {
			sent <- string(b)
		}
		w.WriteHeader(http.StatusOK)
	}))
	defer collector.Close()
	s := start(t, Config{DataDir: t.TempDir(), TraceEndpoint: collector.URL + "/v1/traces"})
	_, err := dc.NewViewServiceClient(h2(), s.url).ListPools(t.Context(),
		connect.NewRequest(&dispatch.ListPoolsRequest{}))
	require.NoError(t, err)
	s.stop(t)
	require.Contains(t, <-sent, "quotasched.dispatch.v1.ViewService/ListPools")
}
