package api

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var rewrite = flag.Bool("rewrite", false, "write testdata/rights.txt anew")

// methods returns all methods of the services, by procedure.
func methods(t *testing.T) map[string]protoreflect.MethodDescriptor {
	all := map[string]protoreflect.MethodDescriptor{}
	for _, name := range services {
		d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		require.NoError(t, err)
		ms := d.(protoreflect.ServiceDescriptor).Methods()
		for i := range ms.Len() {
			all["/"+name+"/"+string(ms.Get(i).Name())] = ms.Get(i)
		}
	}
	return all
}

func TestEveryMethodHasARule(t *testing.T) {
	require.Equal(t, slices.Sorted(maps.Keys(methods(t))), slices.Sorted(maps.Keys(rules)))
}

// The tokens are the names of those who have them.
const policy = `
identities:
  looker:    {tokens: [{sha256: %s}], pools: {lab: {roles: [view]}}}
  worker:    {tokens: [{sha256: %s}], pools: {lab: {roles: [worker]}}}
  submitter: {tokens: [{sha256: %s}], pools: {lab: {submit: [web]}}}
  admin:     {tokens: [{sha256: %s}], pools: {lab: {roles: [admin]}}}
  operator:  {tokens: [{sha256: %s}], operator: true}
  stranger:  {tokens: [{sha256: %s}], pools: {other: {roles: [view, worker, admin, continue], submit: ["*"]}}}
  revoked:   {tokens: [{sha256: %s, revoked: true}], operator: true}
  expired:   {tokens: [{sha256: %s, expires: 2020-01-01}], operator: true}
  slow:      {tokens: [{sha256: %s}], operator: true, limits: {calls_per_second: 1, concurrent_calls: 1}}
`

var people = []string{"nobody", "unknown", "revoked", "expired", "stranger", "looker", "worker",
	"submitter", "admin", "operator"}

func authorizer(t *testing.T) Authorizer {
	var hashes []any
	for _, name := range []string{"looker", "worker", "submitter", "admin", "operator", "stranger",
		"revoked", "expired", "slow"} {
		hash := sha256.Sum256([]byte(name))
		hashes = append(hashes, hex.EncodeToString(hash[:]))
	}
	p, err := access.Parse("policy", fmt.Appendf(nil, policy, hashes...))
	require.NoError(t, err)
	return p
}

// requests have a body that names the pool lab for methods that want more than that.
var requests = map[string]string{
	dc.TaskServiceSubmitTasksProcedure:           `{"pool":"lab","tasks":[{"accountId":"web","opaque":"eA=="}]}`,
	dc.TaskServiceCancelTasksProcedure:           `{"pool":"lab","ids":["TASK"]}`,
	dc.TaskServiceWatchTasksProcedure:            `{"pool":"lab","ids":["00000000000000000000000000"]}`,
	dc.WorkerServiceSessionProcedure:             `{"report":{"pool":"lab"}}`,
	dc.WorkerServiceSyncProcedure:                `{"report":{"pool":"lab"}}`,
	dc.ViewServiceListPoolsProcedure:             `{}`,
	dc.ClusterServiceGetStatusProcedure:          `{}`,
	dc.ClusterServiceAddMemberProcedure:          `{}`,
	dc.ClusterServiceBackupProcedure:             `{}`,
	dc.ClusterServiceRestoreProcedure:            `{"bytes":"eA=="}`,
	dc.ClusterServiceRemoveMemberProcedure:       `{}`,
	dc.AdminServiceWipePoolProcedure:             `{"pool":"lab"}`,
	dc.AdminServiceDeletePoolProcedure:           `{"pool":"lab","requestId":"x"}`,
	dc.EventServiceFollowEventsProcedure:         `{"pool":"lab"}`,
	assignTasksMethod:                            `{"schedulerId":"lab","time":"2026-03-01T12:00:00Z"}`,
	notifyTasksMethod:                            `{"schedulerId":"lab"}`,
	getCancellationsMethod:                       `{"schedulerId":"lab"}`,
	getCallbacksMethod:                           `{"schedulerId":"lab"}`,
	dc.ClusterServiceTransferLeadershipProcedure: `{"id":"NOBODY"}`,
}

// TestWhoMayCallWhat calls each method as each of people, and compares what they are let in for
// with testdata/rights.txt.
func TestWhoMayCallWhat(t *testing.T) {
	s := serve(t, authorizer(t), "a")
	all := methods(t)
	var b strings.Builder
	fmt.Fprintf(&b, "%-36s", "")
	for _, who := range people {
		fmt.Fprintf(&b, " %-9s", who)
	}
	b.WriteString("\n")
	for _, procedure := range slices.Sorted(maps.Keys(all)) {
		m := all[procedure]
		name := string(m.Parent().Name()) + "." + string(m.Name())
		fmt.Fprintf(&b, "%-36s", name)
		for _, who := range people {
			body := requests[procedure]
			if body == "" {
				body = `{"pool":"lab"}`
			}
			c := call{procedure: procedure, body: body, token: who,
				streams: m.IsStreamingServer() || m.IsStreamingClient()}
			if who == "nobody" {
				c.token = ""
			}
			if procedure == dc.TaskServiceCancelTasksProcedure {
				c.body = strings.ReplaceAll(body, "TASK", s.submit(t))
			}
			if procedure == dc.AdminServiceDeletePoolProcedure && who == "operator" {
				c.body = `{"pool":"nowhere"}` // the others need it
			}
			fmt.Fprintf(&b, " %-9s", letIn(s.do(t, c)))
		}
		b.WriteString("\n")
	}
	got := trimLines(b.String())
	const file = "testdata/rights.txt"
	if *rewrite {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// submit submits a task of the account web.
func (s *served) submit(t *testing.T) string {
	r := connect.NewRequest(&dispatch.SubmitTasksRequest{Pool: "lab", Tasks: []*dispatch.TaskSpec{{
		AccountId: "web", Payload: &dispatch.TaskSpec_Opaque{Opaque: []byte("x")}}}})
	r.Header().Set("Authorization", "Bearer submitter")
	made, err := dc.NewTaskServiceClient(h2, s.urls[0]).SubmitTasks(t.Context(), r)
	require.NoError(t, err)
	return made.Msg.GetIds()[0]
}

// letIn says what a code means: an error of another kind is that of somebody who was let in.
func letIn(code string) string {
	switch code {
	case "unauthenticated":
		return "unknown"
	case "permission_denied":
		return "-"
	}
	return "yes"
}

func trimLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

func TestRightsAreThoseOfTheAccount(t *testing.T) {
	s := serve(t, authorizer(t), "a")
	submit := func(account, more string) string {
		return s.do(t, call{procedure: dc.TaskServiceSubmitTasksProcedure, token: "submitter",
			body: `{"pool":"lab","tasks":[{"opaque":"eA==","accountId":"web"},` +
				`{"opaque":"eA==","accountId":"` + account + `"` + more + `}]}`})
	}
	require.Equal(t, "ok", submit("web", ""))
	require.Equal(t, "permission_denied", submit("mobile", ""))
	require.Equal(t, "permission_denied", submit("", ""))
	require.Equal(t, "permission_denied", submit("web", `,"onDisconnect":"ON_DISCONNECT_CONTINUE"`))
	require.Equal(t, "not_found", s.do(t, call{procedure: dc.TaskServiceCancelTasksProcedure,
		token: "submitter", body: `{"pool":"lab","ids":["01ARZ3NDEKTSV4RRFFQ69G5FAV"]}`}))
}

func TestListPoolsShowsOnlyWhatOneMaySee(t *testing.T) {
	s := serve(t, authorizer(t), "a")
	for who, want := range map[string]int{"looker": 1, "stranger": 1, "operator": 2, "worker": 0} {
		r := connect.NewRequest(&dispatch.ListPoolsRequest{})
		r.Header().Set("Authorization", "Bearer "+who)
		got, err := dc.NewViewServiceClient(h2, s.urls[0]).ListPools(t.Context(), r)
		require.NoError(t, err)
		require.Len(t, got.Msg.GetPools(), want, who)
	}
}

func TestWhoAsksForTooMuchIsRefused(t *testing.T) {
	s := serve(t, authorizer(t), "a")
	slow := call{procedure: dc.ViewServiceListPoolsProcedure, body: `{}`, token: "slow"}
	require.Equal(t, "ok", s.do(t, slow))
	require.Equal(t, "resource_exhausted", s.do(t, slow))
	require.Equal(t, "ok", s.do(t, call{procedure: slow.procedure, body: `{}`, token: "looker"}),
		"others are not concerned")
	big := strings.Repeat("x", MessageBytesMax)
	require.Equal(t, "resource_exhausted", s.do(t, call{procedure: slow.procedure, token: "looker",
		body: `{"pageToken":"` + big + `"}`}))
}

func TestGarbageIsInvalid(t *testing.T) {
	s := serve(t, Local{}, "a")
	for procedure, m := range methods(t) {
		streams := m.IsStreamingServer() || m.IsStreamingClient()
		for _, body := range []string{"x", "[]", `{"no such field":1}`, "\x00\xff"} {
			code := s.do(t, call{procedure: procedure, body: body, streams: streams})
			require.Contains(t, []string{"invalid_argument", "unimplemented"}, code, "%s %q", procedure, body)
		}
	}
	r := &dispatch.SubmitTasksRequest{Pool: "lab",
		Tasks: []*dispatch.TaskSpec{{Payload: &dispatch.TaskSpec_Opaque{Opaque: []byte("x")}}}}
	r.GetTasks()[0].ProtoReflect().SetUnknown([]byte{0x9a, 0x3e, 0x01, 0x61})
	_, err := dc.NewTaskServiceClient(h2, s.urls[0]).SubmitTasks(t.Context(), connect.NewRequest(r))
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), err)
}

// TestAWebPageCannotSubmit sends what a page of another origin could make a browser send without
// asking first, and what reaches this machine by the name of another site.
func TestAWebPageCannotSubmit(t *testing.T) {
	s := serve(t, Local{}, "a")
	body := `{"pool":"lab","tasks":[{"opaque":"eA=="}]}`
	send := func(change func(*http.Request)) int {
		r, err := http.NewRequest(http.MethodPost, s.urls[0]+dc.TaskServiceSubmitTasksProcedure,
			strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		change(r)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		answer.Body.Close()
		return answer.StatusCode
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	require.Equal(t, http.StatusOK, send(func(*http.Request) {}))
	require.Equal(t, http.StatusOK, send(header("Origin", s.urls[0])), "its own page may")
	require.Equal(t, http.StatusOK, send(func(r *http.Request) {
		r.Host = "localhost:" + strings.Split(r.Host, ":")[1]
	}))
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded",
		"multipart/form-data", "", "text/plain; application/json"} {
		require.Equal(t, http.StatusUnsupportedMediaType, send(header("Content-Type", kind)), kind)
	}
	for name, change := range map[string]func(*http.Request){
		"another origin":       header("Origin", "https://evil.example"),
		"another port":         header("Origin", "http://127.0.0.1:1"),
		"no origin":            header("Origin", "null"),
		"another site":         header("Sec-Fetch-Site", "cross-site"),
		"a rebound name":       func(r *http.Request) { r.Host = "evil.example" },
		"one that looks local": func(r *http.Request) { r.Host = "localhost.evil.example" },
	} {
		require.Equal(t, http.StatusForbidden, send(change), name)
	}
	got, err := dc.NewTaskServiceClient(h2, s.urls[0]).ListTasks(t.Context(),
		connect.NewRequest(&dispatch.ListTasksRequest{Pool: "lab"}))
	require.NoError(t, err)
	require.Len(t, got.Msg.GetTasks(), 3)
}

func TestHealthReflectionAndMetrics(t *testing.T) {
	s := serve(t, authorizer(t), "a")
	get := func(path, token string) (int, string) {
		r, err := http.NewRequest(http.MethodGet, s.urls[0]+path, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(text)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		status, _ := get(path, "")
		require.Equal(t, http.StatusOK, status)
	}
	status, _ := get("/metrics", "")
	require.Equal(t, http.StatusUnauthorized, status)
	status, text := get("/metrics", "looker")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `qsched_workers{pool="lab",state="idle"} 0`)

	check, err := grpchealth.NewClient(h2, s.urls[0], connect.WithGRPC()).Check(t.Context(),
		&grpchealth.CheckRequest{Service: dc.TaskServiceName})
	require.NoError(t, err)
	require.Equal(t, grpchealth.StatusServing, check.Status)

	reflection := grpcreflect.NewClient(h2, s.urls[0], connect.WithGRPC())
	stream := reflection.NewStream(t.Context(),
		grpcreflect.WithRequestHeaders(http.Header{"Authorization": {"Bearer looker"}}))
	names, err := stream.ListServices()
	require.NoError(t, err)
	require.Contains(t, names, protoreflect.FullName(dc.WorkerServiceName))
	_, err = stream.Close()
	require.NoError(t, err)
	_, err = reflection.NewStream(t.Context()).ListServices()
	require.Error(t, err, "nobody sees it")
}
