package raftlog

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/raft"

	"github.com/quotasched/quotasched/dispatcher/log/peers"
)

// ErrBusy says that members are being changed already.
var ErrBusy = errors.New("another change of members is under way")

// AddMember implements log.Log. If it does not end well, the node stays without a vote; call it
// again or remove the node.
func (l *Log) AddMember(ctx context.Context, id, address string) error {
	if !validID.MatchString(id) {
		return fmt.Errorf("node id %q is not valid", id)
	}
	return l.changeMembers(func() error {
		for _, s := range l.raft.GetConfiguration().Configuration().Servers {
			switch {
			case string(s.ID) == id && s.Suffrage == raft.Voter:
				return fmt.Errorf("node %s is a member", id)
			case string(s.ID) != id && string(s.Address) == address:
				return fmt.Errorf("node %s is at %s", s.ID, address)
			}
		}
		l.transport.forget(id)
		server, at := raft.ServerID(id), raft.ServerAddress(address)
		err := l.await(ctx, func() raft.Future {
			return l.raft.AddNonvoter(server, at, 0, timeLeft(ctx))
		})
		if err != nil {
			return err
		}
		if err := l.caughtUp(ctx, id, l.raft.LastIndex()); err != nil {
			return fmt.Errorf("node %s does not catch up, and has no vote: %w", id, err)
		}
		return l.await(ctx, func() raft.Future {
			return l.raft.AddVoter(server, at, 0, timeLeft(ctx))
		})
	})
}

// caughtUp returns when a node has an entry.
func (l *Log) caughtUp(ctx context.Context, id string, index uint64) error {
	turn, _ := l.lead.current()
	for {
		c, heard := l.transport.contact(id)
		now, changed := l.lead.current()
		switch {
		case c.last >= index:
			return nil
		case now != turn:
			return l.notLeader()
		}
		select {
		case <-heard:
		case <-changed:
		case <-l.closed:
			return l.closedError()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// RemoveMember implements log.Log.
func (l *Log) RemoveMember(ctx context.Context, id string) error {
	return l.changeMembers(func() error {
		servers := l.raft.GetConfiguration().Configuration().Servers
		i := slices.IndexFunc(servers, func(s raft.Server) bool { return string(s.ID) == id })
		if i < 0 {
			return fmt.Errorf("there is no member %s", id)
		}
		if servers[i].Suffrage == raft.Voter && l.voters() == 1 {
			return fmt.Errorf("node %s is the only one that votes", id)
		}
		return l.await(ctx, func() raft.Future {
			return l.raft.RemoveServer(raft.ServerID(id), 0, timeLeft(ctx))
		})
	})
}

// Transfer implements log.Log.
func (l *Log) Transfer(ctx context.Context, id string) error {
	turn, _ := l.lead.current()
	if turn == 0 {
		return l.notLeader()
	}
	if id == "" {
		return l.await(ctx, l.raft.LeadershipTransfer)
	}
	for _, s := range l.raft.GetConfiguration().Configuration().Servers {
		switch {
		case string(s.ID) != id:
		case s.Suffrage != raft.Voter:
			return fmt.Errorf("node %s has no vote", id)
		default:
			return l.await(ctx, func() raft.Future {
				return l.raft.LeadershipTransferToServer(s.ID, s.Address)
			})
		}
	}
	return fmt.Errorf("there is no member %s", id)
}

// changeMembers runs one change of members at a time.
func (l *Log) changeMembers(change func() error) error {
	if turn, _ := l.lead.current(); turn == 0 || l.isClosed() {
		return l.notLeader()
	}
	if !l.member.TryLock() {
		return ErrBusy
	}
	defer l.member.Unlock()
	return change()
}

// meet decides whether to talk to another node. One that hears of a leader lets in members alone;
// one that does not may not know all of them yet.
func (l *Log) meet(h peers.Hello) error {
	if err := l.dir.meet(h.Cluster, h.Node, h.Directory); err != nil {
		return err
	}
	if !l.started.Load() {
		return nil
	}
	servers := l.raft.GetConfiguration().Configuration().Servers
	if l.leaderID() != "" && !slices.ContainsFunc(servers, func(s raft.Server) bool {
		return string(s.ID) == h.Node
	}) {
		return fmt.Errorf("node %s is no member", h.Node)
	}
	return nil
}
