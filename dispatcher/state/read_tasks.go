package state

import (
	"slices"

	"google.golang.org/grpc/codes"

	"github.com/quotasched/quotasched/explain"
	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/scheduler"
)

// Calls that only read. They return the answers of the API, which share nothing with the state, or
// a Refusal.

const (
	pageDefault = 100
	// looksMax is how many tasks one page of a filtered list looks at: it may be short, or empty, and
	// still have a page after it.
	looksMax = 10_000
)

// readable returns a pool, also one that has failed.
func (m *Machine) readable(name string) (*hosted, error) {
	p := m.pools[name]
	if p == nil {
		return nil, unknownPool(name)
	}
	return p, nil
}

// tasksOf returns a pool whose tasks live here.
func (m *Machine) tasksOf(name string) (*hosted, error) {
	p, err := m.readable(name)
	if err == nil && p.external {
		return nil, externalPool(name)
	}
	return p, err
}

// pageSize returns how many items a page has at most.
func pageSize(asked int32) (int, error) {
	switch {
	case asked < 0 || asked > listMax:
		return 0, invalid("page_size: %d is not from 1 to %d", asked, listMax)
	case asked == 0:
		return pageDefault, nil
	}
	return int(asked), nil
}

// GetTask answers a call of the API. O(1).
func (m *Machine) GetTask(r *dispatch.GetTaskRequest) (*dispatch.GetTaskResponse, error) {
	p, err := m.tasksOf(r.GetPool())
	if err != nil {
		return nil, err
	}
	t := p.tasks[r.GetId()]
	if t == nil {
		return nil, unknownTask(p.name, r.GetId())
	}
	return &dispatch.GetTaskResponse{Task: t.copyToProto(p.name)}, nil
}

// ListTasks answers a call of the API. It costs O(page), and with filters O(10,000) at most.
func (m *Machine) ListTasks(r *dispatch.ListTasksRequest) (*dispatch.ListTasksResponse, error) {
	p, err := m.tasksOf(r.GetPool())
	if err != nil {
		return nil, err
	}
	size, err := pageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	answer := &dispatch.ListTasksResponse{}
	looks, last := 0, ""
	for t := range p.byID.From(func(t *task) bool { return t.id > r.GetPageToken() }) {
		if len(answer.Tasks) == size || looks == looksMax {
			answer.NextPageToken = last
			break
		}
		looks, last = looks+1, t.id
		if t.matches(r) {
			answer.Tasks = append(answer.Tasks, t.copyToProto(p.name))
		}
	}
	return answer, nil
}

// matches reports whether a list with filters has a task.
func (t *task) matches(r *dispatch.ListTasksRequest) bool {
	return (len(r.GetStates()) == 0 || slices.Contains(r.GetStates(), t.state)) &&
		(r.GetAccountId() == "" || r.GetAccountId() == t.account.id)
}

// ExplainTask answers a call of the API. It costs a pass and a bounded search, see
// scheduler.Explain.
func (m *Machine) ExplainTask(r *dispatch.ExplainTaskRequest) (*dispatch.ExplainTaskResponse,
	error) {
	p, err := m.usable(r.GetPool())
	if err != nil {
		return nil, err
	}
	t := p.tasks[r.GetId()]
	if t == nil && !p.external {
		return nil, unknownTask(p.name, r.GetId())
	}
	if text := t.withoutExplanation(); text != "" {
		return &dispatch.ExplainTaskResponse{Text: text}, nil
	}
	e, err := p.pool.Scheduler().Explain(scheduler.RequestID(r.GetId()))
	if err != nil {
		return nil, refuse(codes.NotFound, "pool %s: there is no request %s", p.name,
			check.Quote(r.GetId()))
	}
	explain.Describe(e)
	return &dispatch.ExplainTaskResponse{Explanation: e, Text: explain.Text(e)}, nil
}

// withoutExplanation returns what there is to say of a task that the scheduler does not know; empty
// if it does, or if there is no task.
func (t *task) withoutExplanation() string {
	switch {
	case t == nil:
		return ""
	case t.hasEnded():
		return "The task has ended: " + t.state.String()
	case t.onWorker() && t.lease.stop == preempted:
		return "The task is being stopped, as another one takes its worker. It waits again then."
	}
	return ""
}
