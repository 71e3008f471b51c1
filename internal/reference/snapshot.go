package reference

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Hash returns the SHA-256 sum of the deterministically marshalled snapshot.
func (s *Scheduler) Hash() [32]byte { return hash(s.ToProto()) }

func hash(m proto.Message) [32]byte {
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("a snapshot that cannot be written: %v", err))
	}
	return sha256.Sum256(bytes)
}

// ToProto returns the canonical snapshot.
func (s *Scheduler) ToProto() *protos.Scheduler {
	names := s.newNames()
	out := &protos.Scheduler{
		RuleVersion:    scheduler.RuleVersion,
		LastUpdateTime: timestamppb.New(s.now),
		CallTime:       timestamppb.New(s.called),
		Config:         configProto(&s.config),
		AccountIds:     names.accounts,
		Labels:         names.labels,
		LabelSets:      names.sets,
	}
	for _, id := range slices.Sorted(maps.Keys(s.accounts)) {
		out.Accounts = append(out.Accounts, accountProto(id, s.accounts[id]))
	}
	for _, id := range slices.Sorted(maps.Keys(s.waiting)) {
		out.WaitingRequests = append(out.WaitingRequests, names.request(s.waiting[id]))
	}
	for _, id := range slices.Sorted(maps.Keys(s.workers)) {
		out.Workers = append(out.Workers, names.worker(s.workers[id]))
	}
	for _, id := range slices.Sorted(maps.Keys(s.expired)) {
		out.ExpiredRequests = append(out.ExpiredRequests, string(id))
		out.ExpiredEnqueueTimes = append(out.ExpiredEnqueueTimes, timestamppb.New(s.expired[id]))
	}
	for _, id := range slices.Sorted(maps.Keys(s.cordons)) {
		out.Cordons = append(out.Cordons, &protos.Cordon{WorkerId: string(id),
			Reason: s.cordons[id]})
	}
	return out
}

func accountProto(id scheduler.AccountID, a *account) *protos.Account {
	out := &protos.Account{Id: string(id), Config: accountConfigProto(&a.config),
		Balance: numbers(a.balance)}
	if a.suspension != nil {
		out.Suspension = &protos.Suspension{Reason: *a.suspension}
	}
	for _, r := range slices.SortedFunc(slices.Values(a.ended), func(r, q endedRun) int {
		return cmp.Or(cmp.Compare(r.level, q.level), cmp.Compare(r.end, q.end))
	}) {
		out.EndedRuns = append(out.EndedRuns, &protos.EndedRun{Priority: int32(r.level),
			EndTime: millisTime(r.end)})
	}
	return out
}

// names are the tables of a snapshot.
type names struct {
	accounts []string
	labels   []string
	sets     []*protos.LabelSet
}

// newNames collects the accounts, labels and label sets that are in use.
func (s *Scheduler) newNames() *names {
	accounts := map[string]bool{}
	labels := map[string]bool{}
	var sets [][]string
	add := func(set []string) {
		for _, label := range set {
			labels[label] = true
		}
		if len(set) > 0 {
			sets = append(sets, set)
		}
	}
	addContent := func(c *content) {
		if c.account != "" {
			accounts[string(c.account)] = true
		}
		add(c.base)
		add(c.provisionable)
	}
	for _, r := range s.waiting {
		addContent(&r.content)
	}
	for _, w := range s.workers {
		add(w.labels)
		if w.run != nil {
			addContent(&w.run.request.content)
			if w.run.next != nil {
				addContent(w.run.next)
			}
		}
	}
	n := &names{accounts: slices.Sorted(maps.Keys(accounts)),
		labels: slices.Sorted(maps.Keys(labels))}
	// Label ids are in order of the labels, so the order of sets by labels is the one by ids.
	slices.SortFunc(sets, slices.Compare)
	for _, set := range slices.CompactFunc(sets, slices.Equal) {
		n.sets = append(n.sets, &protos.LabelSet{LabelIds: n.labelIDs(set)})
	}
	return n
}

func (n *names) labelIDs(set []string) []uint32 {
	var ids []uint32
	for _, label := range set {
		i, _ := slices.BinarySearch(n.labels, label)
		ids = append(ids, uint32(i))
	}
	return ids
}

// set returns the number of a label set.
func (n *names) set(set []string) uint32 {
	if len(set) == 0 {
		return 0
	}
	ids := n.labelIDs(set)
	return 1 + uint32(slices.IndexFunc(n.sets, func(l *protos.LabelSet) bool {
		return slices.Equal(l.LabelIds, ids)
	}))
}

func (n *names) content(c *content) *protos.RequestContent {
	out := &protos.RequestContent{
		BaseLabelSet:          n.set(c.base),
		ProvisionableLabelSet: n.set(c.provisionable),
		EnqueueTime:           timestamppb.New(c.enqueued),
		Tags:                  slices.Clone(c.tags),
	}
	if c.account != "" {
		out.Account = 1 + uint32(slices.Index(n.accounts, string(c.account)))
	}
	return out
}

func (n *names) request(r *request) *protos.Request {
	return &protos.Request{Id: string(r.id), Content: n.content(&r.content),
		ConfirmedTime: timestamppb.New(r.confirmed), Blocked: r.blocked,
		LostWork: millisProto(r.lost)}
}

func (n *names) worker(w *worker) *protos.Worker {
	out := &protos.Worker{Id: string(w.id), LabelSet: n.set(w.labels),
		ConfirmedTime: timestamppb.New(w.confirmed)}
	if w.run == nil {
		out.IdleSince = timestamppb.New(w.idleSince)
		return out
	}
	out.Run = &protos.Run{
		Request:        n.request(w.run.request),
		Priority:       int32(w.run.level),
		Cost:           numbers(w.run.cost),
		PaidSince:      millisTime(w.run.paidSince),
		PreemptionCost: numbers(w.run.preemptionCost),
		StartTime:      timestamppb.New(w.run.startTime),
		Stage:          stageProto(w.run.stage),
	}
	if w.run.stage != scheduler.Held {
		out.Run.HandOutTime = millisTime(w.run.handedOut)
	}
	if w.run.saved > 0 {
		out.Run.SavedTime = millisTime(w.run.saved)
	}
	if w.run.next != nil {
		out.Run.NextContent = n.content(w.run.next)
	}
	return out
}

func stageProto(stage scheduler.Stage) protos.Stage {
	switch stage {
	case scheduler.Held:
		return protos.Stage_STAGE_HELD
	case scheduler.HandedOut:
		return protos.Stage_STAGE_HANDED_OUT
	}
	return protos.Stage_STAGE_RUNNING
}

func configProto(c *scheduler.Config) *protos.Config {
	out := &protos.Config{
		DisablePreemption: c.DisablePreemption,
		WorkerExpiration:  durationProto(c.WorkerExpiration),
		RequestExpiration: durationProto(c.RequestExpiration),
		ProvisionPatience: durationProto(c.ProvisionPatience),
		BurstCover:        durationProto(c.BurstCover),
		PromoteThreshold:  int64(c.PromoteThreshold),
		DemoteThreshold:   int64(c.DemoteThreshold),
		OwedAfter:         durationProto(c.OwedAfter),
	}
	if c.MaxLostWork != [scheduler.NumPriorities]time.Duration{} {
		for _, d := range c.MaxLostWork {
			out.MaxLostWork = append(out.MaxLostWork, durationpb.New(d))
		}
	}
	return out
}

func accountConfigProto(c *scheduler.AccountConfig) *protos.AccountConfig {
	out := &protos.AccountConfig{
		MaxCharge:        durationProto(c.MaxCharge),
		MaxFanout:        int64(c.MaxFanout),
		DisableFreeTasks: c.DisableFreeTasks,
		Description:      c.Description,
		SafeAfter:        durationProto(c.SafeAfter),
	}
	for _, rate := range c.ChargeRate {
		out.ChargeRate = append(out.ChargeRate, int64(rate))
	}
	for key, n := range c.PerLabelTaskLimits {
		if out.PerLabelTaskLimits == nil {
			out.PerLabelTaskLimits = map[string]int64{}
		}
		out.PerLabelTaskLimits[key] = int64(n)
	}
	return out
}

// durationProto leaves zero unset.
func durationProto(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// millisProto is a number of milliseconds that is not negative, also beyond what a time.Duration
// holds; zero stays unset.
func millisProto(n int64) *durationpb.Duration {
	if n == 0 {
		return nil
	}
	return &durationpb.Duration{Seconds: n / 1000, Nanos: int32(n%1000) * 1_000_000}
}

// millisTime is a time in milliseconds since 1970.
func millisTime(n int64) *timestamppb.Timestamp { return timestamppb.New(time.UnixMilli(n)) }
