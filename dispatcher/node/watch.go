package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// watchedMax is how many tasks may be watched at once, in all watches of a node.
const watchedMax = 100_000

// watches are who waits for tasks to change. The zero value has none.
type watches struct {
	mu     sync.Mutex
	byTask map[taskKey]map[*watch]bool
	count  int
}

type taskKey struct{ pool, id string }

// A watch is somebody who waits for some tasks of a pool.
type watch struct {
	changed chan struct{} // has room for one
	mu      sync.Mutex
	dirty   map[string]bool // tasks that may have changed: at most those that are watched
}

// add registers a watch for tasks, all of them dirty.
func (ws *watches) add(pool string, ids []string) (*watch, error) {
	w := &watch{changed: make(chan struct{}, 1), dirty: map[string]bool{}}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.count+len(ids) > watchedMax {
		return nil, fmt.Errorf("%w: %d tasks are watched, and %d more are over %d", ErrOverloaded,
			ws.count, len(ids), watchedMax)
	}
	if ws.byTask == nil {
		ws.byTask = map[taskKey]map[*watch]bool{}
	}
	for _, id := range ids {
		key := taskKey{pool, id}
		if ws.byTask[key] == nil {
			ws.byTask[key] = map[*watch]bool{}
		}
		ws.byTask[key][w] = true
		w.dirty[id] = true
	}
	ws.count += len(ids)
	w.changed <- struct{}{}
	return w, nil
}

func (ws *watches) remove(w *watch, pool string, ids []string) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, id := range ids {
		key := taskKey{pool, id}
		if delete(ws.byTask[key], w); len(ws.byTask[key]) == 0 {
			delete(ws.byTask, key)
		}
	}
	ws.count -= len(ids)
}

// touch tells those who watch the tasks of these events.
func (ws *watches) touch(events []*dispatch.Event) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if len(ws.byTask) == 0 {
		return
	}
	for _, e := range events {
		if c := e.GetTask(); c != nil {
			ws.tell(taskKey{e.GetPool(), c.GetId()})
		}
	}
}

// touchAll tells all of them: anything may be different.
func (ws *watches) touchAll() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for key := range ws.byTask {
		ws.tell(key)
	}
}

func (ws *watches) tell(key taskKey) {
	for w := range ws.byTask[key] {
		w.mu.Lock()
		w.dirty[key.id] = true
		w.mu.Unlock()
		signal(w.changed)
	}
}

// take returns the dirty tasks, in order, and makes them clean.
func (w *watch) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := slices.Sorted(maps.Keys(w.dirty))
	clear(w.dirty)
	return ids
}

// WatchTasks sends each task as it is, and again when it has changed, until all have ended. If send
// is slow, what happens meanwhile is skipped but for the newest.
func (n *Node) WatchTasks(ctx context.Context, r *dispatch.WatchTasksRequest,
	send func(*dispatch.Task) error) error {
	if err := n.fresh(ctx, nil); err != nil {
		return err
	}
	l, err := n.leading()
	if err != nil {
		return err
	}
	ids := slices.Compact(slices.Sorted(slices.Values(r.GetIds())))
	w, err := n.watches.add(r.GetPool(), ids)
	if err != nil {
		return err
	}
	defer n.watches.remove(w, r.GetPool(), ids)
	left, sent := len(ids), map[string]*dispatch.Task{}
	for left > 0 {
		select {
		case <-w.changed:
		case <-l.ctx.Done():
			return ErrNotLeader
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, id := range w.take() {
			t, err := n.task(r.GetPool(), id)
			if err != nil {
				return err
			}
			if old := sent[id]; old != nil && (ended(old) || proto.Equal(old, t)) {
				continue
			}
			if err := send(t); err != nil {
				return err
			}
			if sent[id] = t; ended(t) {
				left--
			}
		}
	}
	return nil
}

func ended(t *dispatch.Task) bool { return t.GetState() >= dispatch.Task_STATE_SUCCEEDED }

// task returns a task as it is now.
func (n *Node) task(pool, id string) (t *dispatch.Task, err error) {
	n.machine.read(func(m *state.Machine) {
		var r *dispatch.GetTaskResponse
		if r, err = m.GetTask(&dispatch.GetTaskRequest{Pool: pool, Id: id}); err == nil {
			t = r.GetTask()
		}
	})
	return t, err
}
