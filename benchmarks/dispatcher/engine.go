package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// The engine is a node without its calls: proposer, log, state with its pools, event log, journals.
// Its load comes from the leader's own process.

func engineOneNode(ctx context.Context, s *settings) ([]figure, error) {
	return engine(ctx, s, 1, figure{bound: 100_000})
}

func engineThreeNodes(ctx context.Context, s *settings) ([]figure, error) {
	return engine(ctx, s, 3, figure{bound: 30_000})
}

// engine has the leader submit and cancel tasks, many in each command.
func engine(ctx context.Context, s *settings, nodes int, f figure) (list []figure, err error) {
	f.name, f.unit, f.atLeast = "operations", "/s", true
	// Two processors can do as many operations as the bound says.
	cost := figure{name: "processor time per operation", unit: "µs", bound: 2e6 / f.bound}
	cluster, err := startServers(ctx, nodes)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.close()) }()
	c, err := cluster.client()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := createPool(ctx, c); err != nil {
		return nil, err
	}
	results := make(chan error, nodes)
	operations, seconds := make([]int64, nodes), make([]float64, nodes)
	before, err := cluster.processorTime()
	if err != nil {
		return nil, err
	}
	for i, p := range cluster.processes {
		if _, err := fmt.Fprintln(p.in, s.duration); err != nil {
			return nil, err
		}
		go func() {
			_, err := fmt.Fscanln(p.out, &operations[i], &seconds[i])
			results <- err
		}()
	}
	for range cluster.processes {
		select {
		case err = <-results:
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
	}
	after, err := cluster.processorTime()
	if err != nil {
		return nil, err
	}
	var all int64
	for i := range operations { // of those that do not lead it is 0
		f.value += float64(operations[i]) / seconds[i]
		all += operations[i]
	}
	cost.value = float64((after - before).Microseconds()) / float64(all)
	return []figure{f, cost}, nil
}

// proposeWhenTold reads for how long to propose, does so, and writes how many operations that were
// in how many seconds; again and again.
func proposeWhenTold(ctx context.Context, n *node.Node, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		duration, err := time.ParseDuration(lines.Text())
		if err != nil {
			return err
		}
		operations, took, err := propose(ctx, n, duration)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, operations, took.Seconds())
	}
	return lines.Err()
}

// propose submits and cancels tasks for so long, if this node leads.
func propose(ctx context.Context, n *node.Node, duration time.Duration) (int64, time.Duration,
	error) {
	list := specs(batchSize)
	var operations atomic.Int64
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for range batchClients {
		group.Go(func() error {
			for time.Since(began) < duration {
				done, err := submitAndCancel(ctx, n, list)
				if errors.Is(err, node.ErrNotLeader) {
					return nil
				}
				if err != nil {
					return err
				}
				operations.Add(int64(done))
			}
			return nil
		})
	}
	err := group.Wait()
	return operations.Load(), time.Since(began), err
}

// submitAndCancel returns how many operations were done.
func submitAndCancel(ctx context.Context, n *node.Node, list []*dispatch.TaskSpec) (int, error) {
	submitted, _, err := n.Propose(ctx, &replica.Command{Kind: &replica.Command_SubmitTasks{
		SubmitTasks: &replica.SubmitTasks{Request: &dispatch.SubmitTasksRequest{Pool: pool,
			Tasks: list}}}})
	if err != nil {
		return 0, err
	}
	ids := submitted.GetSubmitTasks().GetIds()
	cancelled, _, err := n.Propose(ctx, &replica.Command{Kind: &replica.Command_CancelTasks{
		CancelTasks: &dispatch.CancelTasksRequest{Pool: pool, Ids: ids}}})
	ended := len(cancelled.GetCancelTasks().GetTasks())
	if err == nil && (len(ids) != len(list) || ended != len(ids)) {
		err = fmt.Errorf("of %d tasks %d were submitted: %s %s", len(list), len(ids),
			submitted.GetError(), cancelled.GetError())
	}
	return len(list) + len(ids), err
}
