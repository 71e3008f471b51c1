package state

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/scheduler"
)

// ListPools answers a call of the API, with the pools that may be seen. It costs O(pools, accounts
// and workers).
func (m *Machine) ListPools(r *dispatch.ListPoolsRequest, visible func(pool string) bool) (
	*dispatch.ListPoolsResponse, error) {
	size, err := pageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	answer := &dispatch.ListPoolsResponse{}
	for _, p := range m.sortedPools() {
		if p.name <= r.GetPageToken() || !visible(p.name) {
			continue
		}
		if len(answer.Pools) == size {
			answer.NextPageToken = answer.Pools[size-1].GetPool()
			break
		}
		answer.Pools = append(answer.Pools, p.summary())
	}
	return answer, nil
}

// hashedMax is up to how many tasks and workers InspectPool returns the hash of a pool.
const hashedMax = 20_000

// InspectPool answers a call of the API. The hash is that of the pool's sections of a snapshot; it
// is left out of pools with more than 20,000 tasks and workers, as it costs as much as to write
// them.
func (m *Machine) InspectPool(r *dispatch.InspectPoolRequest) (*dispatch.InspectPoolResponse,
	error) {
	p, err := m.readable(r.GetPool())
	if err != nil {
		return nil, err
	}
	answer := &dispatch.InspectPoolResponse{Summary: p.summary(),
		Settings: proto.CloneOf(p.settings), PayloadBytes: p.payload, Index: m.index}
	if int64(len(p.tasks))+p.slots+p.requests() <= hashedMax {
		answer.StateHash = p.hash()
	}
	return answer, nil
}

// hash returns the SHA-256 of a pool's sections, in hexadecimal.
func (p *hosted) hash() string {
	sum, snapshot := sha256.New(), &Snapshot{}
	defer snapshot.Release()
	for _, s := range p.sections(snapshot) {
		bytes, err := s.append(nil)
		if err != nil {
			panic("invariant: a section can be marshalled: " + err.Error())
		}
		sum.Write(bytes)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// summary returns a pool in one line.
func (p *hosted) summary() *dispatch.PoolSummary {
	s := &dispatch.PoolSummary{Pool: p.name, External: p.external,
		Status: proto.CloneOf(p.status), Time: timestamppb.New(p.now), Tasks: p.taskCounts()}
	if s.Status == nil {
		s.Status = &dispatch.PoolStatus{}
	}
	if !p.failed() {
		s.Workers, s.Accounts = p.workerCounts(), p.accountCount()
	}
	return s
}

func (p *hosted) taskCounts() *dispatch.TaskCounts {
	if p.external && !p.failed() {
		c := p.pool.Counts()
		return &dispatch.TaskCounts{Waiting: int64(c.Waiting),
			Running: p.requests() - int64(c.Waiting)}
	}
	c := &dispatch.TaskCounts{Waiting: p.counts[waiting], Assigned: p.counts[assigned],
		Running: p.counts[running], Stopping: p.counts[stopping], Ended: int64(p.ended.Len())}
	var oldest time.Time
	for _, a := range p.accounts { // the order is free: the oldest is the oldest
		if a.waiting.Len() == 0 {
			continue
		}
		if at := a.waiting.First().enqueued; oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	if !oldest.IsZero() {
		c.OldestWait = durationpb.New(p.now.Sub(oldest))
	}
	return c
}

func (p *hosted) workerCounts() *dispatch.WorkerCounts {
	all := p.pool.Counts()
	if p.external {
		n := &dispatch.WorkerCounts{Idle: int64(all.Idle), Cordoned: int64(all.Cordoned)}
		for _, busy := range all.Running {
			n.Busy += int64(busy)
		}
		n.Known = n.Idle + n.Busy
		return n
	}
	n := &dispatch.WorkerCounts{Known: p.slots}
	for w := range p.byName.All() {
		for _, s := range w.slots {
			if s.task != nil {
				n.Busy++
			} else if s.wantsTask() {
				n.Idle++
			}
			if _, cordoned := p.personsCordon(s); cordoned {
				n.Cordoned++
			}
			if w.isSilent() {
				n.Silent++
			}
		}
	}
	return n
}

// ListAccounts answers a call of the API. It costs O(accounts).
func (m *Machine) ListAccounts(r *dispatch.ListAccountsRequest) (*dispatch.ListAccountsResponse,
	error) {
	p, err := m.usable(r.GetPool())
	if err != nil {
		return nil, err
	}
	size, err := pageSize(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	answer := &dispatch.ListAccountsResponse{}
	for id, balance := range p.pool.Scheduler().Balances() {
		if string(id) <= r.GetPageToken() {
			continue
		}
		if len(answer.Accounts) == size {
			answer.NextPageToken = answer.Accounts[size-1].GetAccountId()
			break
		}
		answer.Accounts = append(answer.Accounts, p.accountView(string(id), balance))
	}
	return answer, nil
}

func (p *hosted) accountView(id string, balance scheduler.Balance) *dispatch.AccountView {
	config, _ := p.pool.Scheduler().AccountConfig(scheduler.AccountID(id))
	v := &dispatch.AccountView{AccountId: id, Config: scheduler.AccountConfigToProto(config),
		Running: make([]int64, numLevels)}
	for _, quota := range balance {
		v.Balance = append(v.Balance, int64(quota))
	}
	if reason, ok := p.pool.Scheduler().Suspension(scheduler.AccountID(id)); ok {
		v.Suspended = &reason
	}
	if levels := p.usage.levels[id]; levels != nil {
		copy(v.Running, levels[:])
	}
	if a := p.accounts[id]; a != nil && a.waiting.Len() > 0 {
		v.Waiting = int64(a.waiting.Len())
		v.OldestWait = durationpb.New(p.now.Sub(a.waiting.First().enqueued))
	}
	if ms := p.usage.lost[id]; ms > 0 {
		v.LostWork = durationpb.New(time.Duration(ms) * time.Millisecond)
	}
	return v
}
