package raftlog

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quotasched/quotasched/dispatcher/log"
)

// A leadership is what a node knows of its own lead. Each time that it begins to lead is a turn.
type leadership struct {
	news  chan bool // from raft
	leads chan bool // to the receiver of Leading

	mu      sync.Mutex
	turn    uint64 // counts the turns
	leading bool   // raft says so
	ready   bool   // and all entries of before are applied
	changed chan struct{}
}

func (l *leadership) init() {
	l.news, l.leads, l.changed = make(chan bool), make(chan bool), make(chan struct{})
}

func (l *leadership) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.changed)
	l.changed = make(chan struct{})
}

// current returns the turn in which this node leads, 0 if it does not, and what is closed when that
// changes.
func (l *leadership) current() (turn uint64, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ready {
		turn = l.turn
	}
	return turn, l.changed
}

// followLead hears from raft when this node begins to lead and stops.
func (l *Log) followLead() {
	defer l.loops.Done()
	for {
		select {
		case leading := <-l.lead.news:
			var turn uint64
			l.lead.change(func() {
				if l.lead.leading, l.lead.ready = leading, false; leading {
					l.lead.turn++
				}
				turn = l.lead.turn
			})
			if leading {
				l.call(func() { l.prepare(turn) })
			}
		case <-l.closed:
			l.lead.change(func() { l.lead.leading, l.lead.ready = false, false })
			return
		}
	}
}

// prepare waits until all entries of before are applied. Only then does this node lead.
func (l *Log) prepare(turn uint64) {
	l.keepAddress()
	for {
		err := l.raft.Barrier(0).Error()
		again := false
		l.lead.change(func() {
			if again = l.lead.leading && l.lead.turn == turn; again && err == nil {
				l.lead.ready, again = true, false
			}
		})
		if !again {
			return
		}
		select {
		case <-time.After(l.options.Heartbeat / 10):
		case <-l.closed:
			return
		}
	}
}

// keepAddress tells the members where this node is now, if that changed while it was away.
func (l *Log) keepAddress() {
	self := l.transport.LocalAddr()
	for _, s := range l.raft.GetConfiguration().Configuration().Servers {
		if string(s.ID) == l.options.NodeID && s.Address != self {
			if err := l.raft.AddVoter(s.ID, self, 0, l.options.Election).Error(); err != nil {
				l.options.Logger.Warn("the members do not know this node's address", "error", err)
			}
		}
	}
}

// announceLead tells the receiver of Leading.
func (l *Log) announceLead() {
	defer l.loops.Done()
	var told uint64 // the turn in which the receiver believes that this node leads; 0 for none
	for {
		turn, changed := l.lead.current()
		if turn != told {
			next, leads := turn, told == 0
			if !leads {
				next = 0 // between two turns it is told of none
			}
			select {
			case l.lead.leads <- leads:
				told = next
				continue
			case <-changed:
				continue
			case <-l.closed:
				return
			}
		}
		select {
		case <-changed:
		case <-l.closed:
			return
		}
	}
}

// Leading implements log.Log.
func (l *Log) Leading() <-chan bool { return l.lead.leads }

// A verification asks a majority whether this node leads, once for all calls that came before it
// began.
type verification struct {
	mu      sync.Mutex
	next    *round // that calls join; nil if there is none
	running bool
}

type round struct {
	done chan struct{}
	err  error
}

// VerifyLeader implements log.Log.
func (l *Log) VerifyLeader(ctx context.Context) error {
	turn, _ := l.lead.current()
	if turn == 0 {
		return l.notLeader()
	}
	r := l.join()
	select {
	case <-r.done:
	case <-l.closed:
		return l.closedError()
	case <-ctx.Done():
		return ctx.Err()
	}
	if now, _ := l.lead.current(); r.err != nil || now != turn {
		return l.notLeader()
	}
	return nil
}

// join joins the next round, and sees to it that there is one.
func (l *Log) join() *round {
	v := &l.verifying
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.next == nil {
		v.next = &round{done: make(chan struct{})}
	}
	if !v.running {
		v.running = l.call(l.verify)
	}
	return v.next
}

// verify runs rounds until nobody waits.
func (l *Log) verify() {
	v := &l.verifying
	for {
		v.mu.Lock()
		r := v.next
		v.next = nil
		v.running = r != nil
		v.mu.Unlock()
		if r == nil {
			return
		}
		r.err = l.raft.VerifyLeader().Error()
		close(r.done)
	}
}

func (l *Log) notLeader() error {
	if l.isClosed() {
		return l.closedError()
	}
	return fmt.Errorf("%w: %s", log.ErrNotLeader, l.options.NodeID)
}
