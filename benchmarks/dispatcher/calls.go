package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// callers submit one task with each call, all at once.
const callers = 128

// bareCalls sends calls as a load generator does: what it costs to make them, on the processors of
// the server, is what they have to cost.
func bareCalls(ctx context.Context, s *settings) ([]figure, error) {
	return calls(ctx, s,
		func(ctx context.Context, urls []string, _ *client.Client) (submit, error) {
			c, err := dialBare(ctx, urls[0])
			if err != nil {
				return nil, err
			}
			return func(r *dispatch.SubmitTasksRequest) (*dispatch.SubmitTasksResponse, error) {
				answer := &dispatch.SubmitTasksResponse{}
				return answer, c.call(dc.TaskServiceSubmitTasksProcedure, r, answer)
			}, nil
		})
}

// clientCalls sends them by package client, which has about half of the processors then.
func clientCalls(ctx context.Context, s *settings) ([]figure, error) {
	return calls(ctx, s,
		func(ctx context.Context, _ []string, c *client.Client) (submit, error) {
			return func(r *dispatch.SubmitTasksRequest) (*dispatch.SubmitTasksResponse, error) {
				answer, err := c.Tasks.SubmitTasks(ctx, connect.NewRequest(r))
				if err != nil {
					return nil, err
				}
				return answer.Msg, nil
			}, nil
		})
}

// submit is a call.
type submit func(*dispatch.SubmitTasksRequest) (*dispatch.SubmitTasksResponse, error)

// calls measures how many there are in a second, and how long nearly all take.
func calls(ctx context.Context, s *settings,
	caller func(context.Context, []string, *client.Client) (submit, error)) ([]figure, error) {
	list := specs(1)
	var mu sync.Mutex
	var latencies []time.Duration
	took, err := load(ctx, s, 1, callers,
		func(ctx context.Context, urls []string, c *client.Client) (func() error, error) {
			call, err := caller(ctx, urls, c)
			return func() error {
				begin := time.Now()
				answer, err := call(&dispatch.SubmitTasksRequest{Pool: pool, Tasks: list,
					RequestId: rand.Text()})
				if err == nil && len(answer.GetIds()) != len(list) {
					err = fmt.Errorf("a call submitted %d tasks", len(answer.GetIds()))
				}
				mu.Lock()
				defer mu.Unlock()
				latencies = append(latencies, time.Since(begin))
				return err
			}, err
		})
	return []figure{
		{name: "calls", value: float64(len(latencies)) / took.Seconds(), unit: "/s", bound: 8000,
			atLeast: true},
		{name: "p99", value: milliseconds(latencies, 0.99), unit: "ms", bound: 50},
	}, err
}

// A bareCaller is a connection of HTTP/1.1 that sends one call after the other.
type bareCaller struct {
	conn net.Conn
	in   *bufio.Reader
	out  *bufio.Writer
	host string
}

// dialBare connects to a server. The connection ends with the context.
func dialBare(ctx context.Context, server string) (*bareCaller, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	return &bareCaller{conn: conn, in: bufio.NewReader(conn), out: bufio.NewWriter(conn),
		host: u.Host}, nil
}

// call sends a call, and waits for its answer.
func (c *bareCaller) call(procedure string, request, answer proto.Message) error {
	body, err := proto.Marshal(request)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/proto\r\n"+
		"Connect-Protocol-Version: 1\r\nContent-Length: %d\r\n\r\n%s", procedure, c.host,
		len(body), body)
	if err := c.out.Flush(); err != nil {
		return err
	}
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", procedure, r.Status, text)
	}
	return proto.Unmarshal(text, answer)
}
