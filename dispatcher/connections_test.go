package dispatcher

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// openSilent opens connections on which nothing is said until the test ends.
func openSilent(t *testing.T, url string, n int) {
	for range n {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
	}
}

// get asks for a path, on a connection of its own.
func get(url string) (int, error) {
	h := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := h.Get(url)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

func mustGet(t *testing.T, url string, want int) {
	eventually(t, func() error {
		got, err := get(url)
		if err == nil && got != want {
			err = fmt.Errorf("%s: %d, not %d", url, got, want)
		}
		return err
	})
}

// TestSilentConnectionsKeepNobodyOut opens more connections that say nothing than there may be.
func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	s := start(t, Config{DataDir: t.TempDir(), ConnectionsMax: silentMax + 10})
	openSilent(t, s.url, silentMax+spareConnections+50)
	mustGet(t, s.url+"/readyz", http.StatusOK)
	eventually(t, func() error {
		_, err := dc.NewViewServiceClient(h2(), s.url).ListPools(t.Context(), connect.NewRequest(
			&dispatch.ListPoolsRequest{}))
		return err
	})
	s.stop(t)
}

// TestTooManyConnectionsAreToldSo shows what a client hears beyond the bound, and that health and
// metrics are served there.
func TestTooManyConnectionsAreToldSo(t *testing.T) {
	t.Parallel()
	s := start(t, Config{DataDir: t.TempDir(), ConnectionsMax: 5})
	held := make([]*http.Client, 5)
	for i := range held {
		held[i] = &http.Client{Transport: &http.Transport{}}
		answer, err := held[i].Get(s.url + "/readyz")
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	}
	list := func(h *http.Client) error {
		_, err := dc.NewViewServiceClient(h, s.url).ListPools(t.Context(), connect.NewRequest(
			&dispatch.ListPoolsRequest{}))
		return err
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		mustGet(t, s.url+path, http.StatusOK)
	}
	require.NoError(t, list(held[0]), "those who were there before are served")
	newcomer := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	err := list(newcomer)
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), err)
	held[1].CloseIdleConnections()
	eventually(t, func() error { return list(newcomer) })
	s.stop(t)
}

// TestRaftsOwnMetricsAreShown reads one that raft counts when a node begins to lead.
func TestRaftsOwnMetricsAreShown(t *testing.T) {
	t.Parallel()
	s := start(t, Config{DataDir: t.TempDir()})
	answer, err := http.Get(s.url + "/metrics")
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Regexp(t, `(?m)^qsched_raft_became_leader_total [1-9]`, string(text))
	s.stop(t)
}
