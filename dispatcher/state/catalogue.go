package state

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/orderedlist"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// neverTakenBack keeps the reconciler of a pool with tasks of its own from taking back what it
// handed out, as that may run: the state does so when the worker says that it does not.
const neverTakenBack = 290 * 365 * 24 * time.Hour // more than lastTime is after 1970

// sortedPools returns the pools in order of name.
func (m *Machine) sortedPools() []*hosted {
	pools := make([]*hosted, 0, len(m.pools))
	for _, name := range slices.Sorted(maps.Keys(m.pools)) {
		pools = append(pools, m.pools[name])
	}
	return pools
}

// usable returns a pool that has not failed.
func (m *Machine) usable(name string) (*hosted, error) {
	p := m.pools[name]
	if p == nil {
		return nil, unknownPool(name)
	}
	return p, p.checkUsable()
}

// newHosted returns a pool that holds nothing.
func newHosted(name string, settings *dispatch.PoolSettings, x extras) *hosted {
	p := &hosted{name: name, settings: settings, limits: limitsOf(settings), extras: x}
	p.clear()
	p.workers, p.cordons = map[string]*worker{}, map[string]string{}
	p.usage = newUsage()
	return p
}

// clear forgets all tasks, but not that some are over.
func (p *hosted) clear() {
	p.tasks, p.keys, p.accounts = map[string]*task{}, map[string]*task{}, map[string]*account{}
	p.byID = orderedlist.List[*task]{}
	p.ended = orderedlist.List[byChange]{}
	p.unaccepted = orderedlist.List[byAssign]{}
	p.disconnected = orderedlist.List[byDisconnect]{}
	p.counts, p.payload = [numStates]int64{}, 0
	p.heard = heardOf{}
}

// createPool makes a pool with its first accounts.
func (e *entry) createPool(r *dispatch.CreatePoolRequest, change *dispatch.Change) error {
	if err := Check(r); err != nil {
		return err
	}
	name := r.GetPool()
	if e.m.pools[name] != nil {
		return refuse(codes.AlreadyExists, "there is a pool %s already", name)
	}
	if n := len(e.m.pools) + 1; n > poolsMax {
		return refuse(codes.ResourceExhausted, "pools: %d are more than %d", n, poolsMax)
	}
	settings := proto.CloneOf(r.GetSettings())
	if settings == nil {
		settings = &dispatch.PoolSettings{}
	}
	config, err := schedulerConfig(settings)
	if err != nil {
		return err
	}
	var options []reconciler.Option
	if !r.GetExternal() {
		options = append(options, reconciler.WithWorkerQueueTimeout(neverTakenBack))
	}
	p := newHosted(name, settings, e.m.extras)
	p.external, p.created = r.GetExternal(), e.at
	if p.pool, err = pool.New(e.at, config, options...); err != nil {
		return refusalOf(err)
	}
	if settings.Scheduler == nil {
		settings.Scheduler = &protos.Config{}
	}
	e.m.recorder.Begin(name, e.index, [][]byte{p.pool.AppendSnapshot(nil)})
	err = e.guard(p, func() error {
		e.begin(p)
		for _, id := range slices.Sorted(maps.Keys(r.GetAccounts())) {
			if err := p.addAccount(id, r.GetAccounts()[id]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !p.failed() {
		e.news = e.news[:len(e.news)-1] // nothing of it stays
		e.m.recorder.End(name)
		return err
	}
	e.m.pools[name] = p
	made := proto.CloneOf(r)
	made.RequestId, made.Reason = "", "" // these are of the call, and the event has the reason
	change.After = jsonOf(made)
	return err
}

// configurePool changes the settings in a mask.
func (e *entry) configurePool(r *dispatch.ConfigurePoolRequest, change *dispatch.Change,
	out *replica.CommandOutcome) error {
	if err := Check(r); err != nil {
		return err
	}
	return e.on(r.GetPool(), func(p *hosted) error {
		next, err := takeFields(p.settings, r.GetSettings(), r.GetUpdateMask())
		if err != nil {
			return err
		}
		if next.Scheduler == nil {
			next.Scheduler = &protos.Config{}
		}
		if err := checkSettings(next); err != nil {
			return err
		}
		fields := changedFields(p.settings.GetScheduler(), next.GetScheduler())
		if len(fields) > 0 {
			_, err := p.apply(&protos.Operation{Time: timestamppb.New(p.now),
				Kind: &protos.Operation_Configure{Configure: &protos.Configure{
					Config: next.GetScheduler(), Reason: r.GetReason(),
					UpdateMask: &fieldmaskpb.FieldMask{Paths: fields}}}})
			if err != nil {
				return refusalOf(err)
			}
		}
		change.Before, change.After = jsonOf(p.settings), jsonOf(next)
		p.settings, p.limits = next, limitsOf(next)
		p.limitEnded()
		out.Answer = &replica.CommandOutcome_ConfigurePool{
			ConfigurePool: &dispatch.ConfigurePoolResponse{Settings: proto.CloneOf(next)}}
		return nil
	})
}

// changedFields returns the names of the fields that differ, in the order of the message.
func changedFields(before, after *protos.Config) (names []string) {
	a, b := before.ProtoReflect(), after.ProtoReflect()
	fields := a.Descriptor().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); !a.Get(f).Equal(b.Get(f)) || a.Has(f) != b.Has(f) {
			names = append(names, string(f.Name()))
		}
	}
	return names
}

// wipePool forgets all tasks. What workers were given becomes stray: they are told to stop it.
func (e *entry) wipePool(r *dispatch.WipePoolRequest, out *replica.CommandOutcome) error {
	if err := Check(r); err != nil {
		return err
	}
	return e.on(r.GetPool(), func(p *hosted) error {
		n := p.live()
		for w := range p.byName.All() {
			p.disown(w)
			p.touch(w)
		}
		p.clear()
		_, err := p.apply(pool.Wipe(scheduler.Order{Time: p.now, Reason: r.GetReason()}))
		if err != nil {
			return refusalOf(err)
		}
		out.Answer = &replica.CommandOutcome_WipePool{
			WipePool: &dispatch.WipePoolResponse{Tasks: n}}
		return nil
	})
}

// disown makes strays of the leases on a machine, also of those that it has not spoken of yet. A
// silent machine has none: what it reports when it is back is stray by itself.
func (p *hosted) disown(w *worker) {
	p.updateWorker(w, func() {
		for _, s := range w.slots {
			t := s.task
			if t == nil {
				continue
			}
			if t.lease.phase == unspoken && !w.isSilent() {
				w.reported = append(w.reported, reported{t.lease.id, s.index, unspoken})
			}
			s.task = nil
		}
	})
	slices.SortFunc(w.reported, func(a, b reported) int { return cmp.Compare(a.id, b.id) })
}

// deletePool ends a pool.
func (e *entry) deletePool(r *dispatch.DeletePoolRequest, change *dispatch.Change) error {
	if err := Check(r); err != nil {
		return err
	}
	p := e.m.pools[r.GetPool()]
	if p == nil {
		return unknownPool(r.GetPool())
	}
	if n := p.requests(); n > 0 && !r.GetForce() {
		return refuse(codes.FailedPrecondition,
			"pool %s has %d tasks that have not ended; it can be deleted by force", p.name, n)
	}
	for w := range p.byName.All() {
		e.touched[WorkerKey{p.name, w.name}] = true
	}
	delete(e.m.pools, p.name)
	e.m.recorder.End(p.name)
	change.Before = jsonOf(p.settings)
	return nil
}

// requests is how many tasks, or requests of another dispatcher, have not ended.
func (p *hosted) requests() int64 {
	if !p.external || p.failed() {
		return p.live()
	}
	c := p.pool.Counts()
	n := c.Waiting
	for _, running := range c.Running {
		n += running
	}
	return int64(n)
}
