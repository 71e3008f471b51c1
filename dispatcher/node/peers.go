package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// Peers are the ways to the other nodes.
type Peers interface {
	// Exchange tells a member what this node says of itself, and returns what that one says.
	Exchange(ctx context.Context, m log.Member, s *replica.NodeState) (*replica.NodeState, error)
}

const (
	exchangeEvery   = time.Second
	exchangeTimeout = time.Second
	// heardWithin is how fresh what a member said must be to count.
	heardWithin = 5 * time.Second
	// clockOffMax is how far a node's wall clock may be off the others'.
	clockOffMax = 10 * time.Second
)

// An other is another member of the cluster.
type other struct {
	state *replica.NodeState
	heard time.Duration // when it said that
	ahead time.Duration // its wall clock before this node's
}

// exchangeAll exchanges with all members, every second until the context ends.
func (n *Node) exchangeAll(ctx context.Context) {
	ticker := time.NewTicker(exchangeEvery)
	defer ticker.Stop()
	for {
		members := n.log.Status().Members
		var calls sync.WaitGroup
		for _, m := range members {
			if m.ID != n.id {
				calls.Go(func() { n.exchange(ctx, m) })
			}
		}
		calls.Wait()
		n.keepOnly(members)
		n.compare(members)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// exchange exchanges with one member. One that does not answer is known by its silence.
func (n *Node) exchange(ctx context.Context, m log.Member) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	before, wall := n.mono(), n.wall()
	said, err := n.peers.Exchange(ctx, m, n.State())
	if err != nil || said.GetNodeId() != m.ID {
		n.logger.Debug("no exchange", "member", m.ID, "error", err)
		return
	}
	now := n.mono()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.others[m.ID] = &other{state: said, heard: now,
		ahead: said.GetWallTime().AsTime().Sub(wall.Add((now - before) / 2))}
}

// keepOnly forgets what is not a member any more.
func (n *Node) keepOnly(members []log.Member) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id := range n.others {
		if !slices.ContainsFunc(members, func(m log.Member) bool { return m.ID == id }) {
			delete(n.others, id)
		}
	}
}

// State is what this node says of itself.
func (n *Node) State() *replica.NodeState {
	s := &replica.NodeState{NodeId: n.id, Url: n.url, WallTime: timestamppb.New(n.wall()),
		RuleVersion: n.hooks.rules()}
	n.machine.read(func(m *state.Machine) {
		s.AppliedIndex, s.Hashes = m.Index(), n.machine.sealer.newest()
	})
	return s
}

// compare looks at what the others say: at their states, and their clocks.
func (n *Node) compare(members []log.Member) {
	b := ballot{mine: n.machine.sealer.at(), peers: map[string]map[uint64]hash{}}
	for _, m := range members {
		if m.Voter {
			b.voters++
		}
	}
	n.mu.Lock()
	for _, m := range members {
		if o := n.others[m.ID]; o != nil && m.Voter {
			b.peers[m.ID] = hashesOf(o.state)
		}
	}
	n.mu.Unlock()
	switch v, at := b.judge(); v {
	case diverged:
		why := fmt.Errorf("diverged at entry %d: a majority of the nodes has another state", at)
		n.setAlarm("diverged", why.Error())
		n.stop(why)
	case disputed:
		n.setAlarm("diverged", fmt.Sprintf(
			"nodes differ at entry %d, and no majority says which one is wrong", at))
	case agrees:
		if n.serves() == nil {
			n.setAlarm("diverged", "")
		}
	}
	n.checkClock()
}

// hashesOf returns the hashes that a node told of, by entry.
func hashesOf(s *replica.NodeState) map[uint64]hash {
	said := map[uint64]hash{}
	for _, h := range s.GetHashes() {
		if len(h.GetHash()) == len(hash{}) {
			said[h.GetIndex()] = hash(h.GetHash())
		}
	}
	return said
}

// checkClock raises or ends the alarm of the clock.
func (n *Node) checkClock() {
	off, peers := n.clockOffset()
	if off.Abs() <= clockOffMax || peers == 0 {
		n.setAlarm("clock", "")
		return
	}
	n.setAlarm("clock", fmt.Sprintf("the wall clock is %s off those of the other nodes, "+
		"more than %s", off.Round(time.Second), clockOffMax))
}

// clockOffset is how far the others' wall clocks are before this node's, and how many they are.
func (n *Node) clockOffset() (offset time.Duration, peers int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var ahead []time.Duration
	for _, o := range n.others {
		if n.mono()-o.heard <= heardWithin {
			ahead = append(ahead, o.ahead)
		}
	}
	offset, _ = medianOffset(ahead)
	return offset, len(ahead)
}

// clockOff reports whether this node's clock is so far off that it must not lead. Of two nodes
// nobody knows which one is wrong.
func (n *Node) clockOff() (time.Duration, bool) {
	offset, peers := n.clockOffset()
	return offset, peers >= 2 && offset.Abs() > clockOffMax
}

// knownRules is the newest rule version that all members know; 0 if one was not heard of lately.
func (n *Node) knownRules() uint32 {
	members := n.log.Status().Members
	n.mu.Lock()
	defer n.mu.Unlock()
	known := n.hooks.rules()
	for _, m := range members {
		if m.ID == n.id {
			continue
		}
		o := n.others[m.ID]
		if o == nil || n.mono()-o.heard > heardWithin {
			return 0
		}
		known = min(known, o.state.GetRuleVersion())
	}
	return known
}

// Status is what this node knows of the cluster.
func (n *Node) Status() *dispatch.GetStatusResponse {
	s := n.log.Status()
	r := &dispatch.GetStatusResponse{
		NodeId: n.id, Term: s.Term, CommitIndex: s.Committed, SnapshotIndex: s.Snapshot,
		Alarms: n.Alarms(),
	}
	n.machine.readSealed(func(m *state.Machine) {
		h := m.RollingHash()
		r.AppliedIndex, r.RuleVersion, r.RollingHash = m.Index(), m.Rules(), fmt.Sprintf("%x", h)
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range s.Members {
		r.Members = append(r.Members, n.member(m, s.LeaderID, r.GetAppliedIndex()))
	}
	return r
}

// member is what is known of a member.
func (n *Node) member(m log.Member, leader string, applied uint64) *dispatch.Member {
	out := &dispatch.Member{Id: m.ID, Address: m.Address, Voter: m.Voter, Leader: m.ID == leader}
	if m.ID == n.id {
		out.Url, out.RuleVersion, out.AppliedIndex = n.url, n.hooks.rules(), applied
		return out
	}
	if o := n.others[m.ID]; o != nil {
		out.Url, out.RuleVersion = o.state.GetUrl(), o.state.GetRuleVersion()
		out.AppliedIndex = o.state.GetAppliedIndex()
		out.HeardAgo = durationpb.New(n.mono() - o.heard)
		out.ClockOffset = durationpb.New(o.ahead)
	}
	return out
}

// Alarms are what is wrong with this node; none if nothing is.
func (n *Node) Alarms() []string {
	alarms := n.log.Status().Alarms
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, kind := range slices.Sorted(maps.Keys(n.alarms)) {
		alarms = append(alarms, n.alarms[kind])
	}
	return alarms
}

// Ready returns nil if this node may serve: it has not stopped, has all events, knows a leader, has
// caught up with one since it began, and has applied what it knows to be committed, or nearly.
func (n *Node) Ready() error {
	if err := n.serves(); err != nil {
		return err
	}
	if err := n.machine.events.Whole(); err != nil {
		return fmt.Errorf("%w: %w", ErrBehind, err)
	}
	s := n.log.Status()
	switch {
	case s.LeaderID == "":
		return fmt.Errorf("%w: no leader is known", ErrBehind)
	case s.LeaderID == n.id && n.current.Load() == nil:
		return fmt.Errorf("%w: it begins to lead", ErrBehind)
	case s.Applied+readyLagMax < s.Committed:
		return fmt.Errorf("%w: entry %d of %d is applied", ErrBehind, s.Applied, s.Committed)
	case !n.hasCaughtUp(s):
		return fmt.Errorf("%w: it has not caught up with the leader since it began", ErrBehind)
	}
	return nil
}

// hasCaughtUp reports whether this node has once had all that its leader said to have. A node that
// has begun anew knows who leads before it knows how much is committed.
func (n *Node) hasCaughtUp(s log.Status) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.caughtUp {
		return true
	}
	leader := n.others[s.LeaderID]
	n.caughtUp = s.LeaderID == n.id ||
		leader != nil && s.Applied >= leader.state.GetAppliedIndex()
	return n.caughtUp
}

// readyLagMax is how many entries a node that is ready may have to apply.
const readyLagMax = 1000
