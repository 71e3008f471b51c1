package client

import (
	"context"
	"iter"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// page is the answer to a call for one page.
type page[T any] struct {
	items []T
	next  string
}

// pages goes through the pages of a list. It ends after an error.
func pages[T any](token string, get func(token string) (page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			p, err := get(token)
			if err != nil {
				yield(*new(T), err)
				return
			}
			for _, item := range p.items {
				if !yield(item, nil) {
					return
				}
			}
			if token = p.next; token == "" {
				return
			}
		}
	}
}

// AllTasks goes through the tasks that a request asks for, from its page on.
func (c *Client) AllTasks(ctx context.Context,
	r *dispatch.ListTasksRequest) iter.Seq2[*dispatch.Task, error] {
	return pages(r.PageToken, func(token string) (page[*dispatch.Task], error) {
		r.PageToken = token
		a, err := c.Tasks.ListTasks(ctx, connect.NewRequest(r))
		if err != nil {
			return page[*dispatch.Task]{}, err
		}
		return page[*dispatch.Task]{a.Msg.Tasks, a.Msg.NextPageToken}, nil
	})
}

// AllPools goes through the pools that the caller may see.
func (c *Client) AllPools(ctx context.Context) iter.Seq2[*dispatch.PoolSummary, error] {
	return pages("", func(token string) (page[*dispatch.PoolSummary], error) {
		a, err := c.View.ListPools(ctx, connect.NewRequest(&dispatch.ListPoolsRequest{PageToken: token}))
		if err != nil {
			return page[*dispatch.PoolSummary]{}, err
		}
		return page[*dispatch.PoolSummary]{a.Msg.Pools, a.Msg.NextPageToken}, nil
	})
}

// AllAccounts goes through the accounts of a pool.
func (c *Client) AllAccounts(ctx context.Context,
	pool string) iter.Seq2[*dispatch.AccountView, error] {
	return pages("", func(token string) (page[*dispatch.AccountView], error) {
		a, err := c.View.ListAccounts(ctx, connect.NewRequest(&dispatch.ListAccountsRequest{Pool: pool,
			PageToken: token}))
		if err != nil {
			return page[*dispatch.AccountView]{}, err
		}
		return page[*dispatch.AccountView]{a.Msg.Accounts, a.Msg.NextPageToken}, nil
	})
}

// AllWorkers goes through the slots of a pool.
func (c *Client) AllWorkers(ctx context.Context,
	pool string) iter.Seq2[*dispatch.WorkerView, error] {
	return pages("", func(token string) (page[*dispatch.WorkerView], error) {
		a, err := c.View.ListWorkers(ctx, connect.NewRequest(&dispatch.ListWorkersRequest{Pool: pool,
			PageToken: token}))
		if err != nil {
			return page[*dispatch.WorkerView]{}, err
		}
		return page[*dispatch.WorkerView]{a.Msg.Workers, a.Msg.NextPageToken}, nil
	})
}
