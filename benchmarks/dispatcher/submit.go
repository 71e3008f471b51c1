package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

const (
	pool      = "lab"
	accounts  = 10
	batchSize = 250
	// batchClients send batches at once.
	batchClients = 8
)

// createPool makes a pool with accounts that can pay for all.
func createPool(ctx context.Context, c *client.Client) error {
	r := &dispatch.CreatePoolRequest{Pool: pool, Accounts: map[string]*dispatch.AccountSettings{}}
	for i := range accounts {
		r.Accounts[account(i)] = &dispatch.AccountSettings{Config: &protos.AccountConfig{
			ChargeRate: []int64{1_000_000}, MaxCharge: durationpb.New(time.Hour)}}
	}
	_, err := c.Admin.CreatePool(ctx, connect.NewRequest(r))
	return err
}

func account(i int) string { return fmt.Sprint("account", i%accounts) }

// specs returns tasks that any worker can run.
func specs(n int) []*dispatch.TaskSpec {
	list := make([]*dispatch.TaskSpec, n)
	for i := range list {
		list[i] = &dispatch.TaskSpec{AccountId: account(i), BaseLabels: []string{"os:linux"},
			Tags: []string{"build:123456"}, Payload: &dispatch.TaskSpec_Exec{
				Exec: &dispatch.Exec{Command: []string{"run", "--test", "suite.name"}}}}
	}
	return list
}

func oneNode(ctx context.Context, s *settings) ([]figure, error) {
	return batches(ctx, s, 1, figure{bound: 100_000})
}

func threeNodes(ctx context.Context, s *settings) ([]figure, error) {
	return batches(ctx, s, 3, figure{bound: 30_000})
}

// batches submits and cancels tasks, many in each call.
func batches(ctx context.Context, s *settings, nodes int, f figure) ([]figure, error) {
	f.name, f.unit, f.atLeast = "operations", "/s", true
	list := specs(batchSize)
	var operations atomic.Int64
	caller := func(ctx context.Context, _ []string, c *client.Client) (func() error, error) {
		return func() error {
			submitted, err := c.Tasks.SubmitTasks(ctx, connect.NewRequest(
				&dispatch.SubmitTasksRequest{Pool: pool, Tasks: list}))
			if err != nil {
				return err
			}
			ids := submitted.Msg.GetIds()
			_, err = c.Tasks.CancelTasks(ctx, connect.NewRequest(
				&dispatch.CancelTasksRequest{Pool: pool, Ids: ids}))
			operations.Add(2 * int64(len(ids)))
			return err
		}, nil
	}
	took, err := load(ctx, s, nodes, batchClients, caller)
	f.value = float64(operations.Load()) / took.Seconds()
	return []figure{f}, err
}

// load starts a cluster with a pool, and has so many callers do something again and again. caller
// returns what one of them does, for the URLs of the servers and a client of theirs. load returns
// how long that was.
func load(ctx context.Context, s *settings, nodes, callers int,
	caller func(context.Context, []string, *client.Client) (do func() error, err error)) (
	took time.Duration, err error) {
	cluster, err := startServers(ctx, nodes)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, cluster.close()) }()
	c, err := cluster.client()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := createPool(ctx, c); err != nil {
		return 0, err
	}
	group, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for range callers {
		do, err := caller(ctx, cluster.urls, c)
		if err != nil {
			return 0, errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			for time.Since(began) < s.duration {
				if err := do(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = group.Wait()
	return time.Since(began), err
}

// milliseconds is a quantile of times.
func milliseconds(list []time.Duration, q float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, int(q*float64(len(list))))].Seconds() * 1000
}
