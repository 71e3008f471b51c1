package state

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/internal/orderedlist"
	"github.com/quotasched/quotasched/protos/replica"
)

const (
	// callbackAfter is how long nothing must have been heard of a request before it is asked about,
	// and before it is asked about again: less than the minute from one question to the next,
	callbackAfter = 50 * time.Second
	// and callbacksMax about how many is asked at once.
	callbacksMax = 1_000
	// A request of which nothing was heard for unheardFor, and for unansweredMax callbacks, is over.
	unheardFor    = 24 * time.Hour
	unansweredMax = 60
)

// heardOf says when each request of an external pool was last heard of: those that the scheduler
// knows, and those that are to be cancelled. Each has its turn to be asked about, the one that was
// not heard of or asked about for the longest time first. So a request whose dispatcher never
// answers does not keep the others from their turn.
type heardOf struct {
	byID  map[string]*heard
	turns orderedlist.List[*heard]
}

// A heard is when a request was last heard of. heard ≤ turn.
type heard struct {
	request string
	heard   time.Time // of the newest news
	turn    time.Time // when it was last heard of or asked about
	asked   int32     // how often it was asked about since it was last heard of
	handed  time.Time // of the newest pull that was answered with it; zero if there was none
}

// Before orders requests by turn.
func (h *heard) Before(o *heard) bool {
	if !h.turn.Equal(o.turn) {
		return h.turn.Before(o.turn)
	}
	return h.request < o.request
}

// hear notes that a request was heard of. News that was under way for long says that the dispatcher
// knows the request, and nothing about now. O(log n).
func (l *heardOf) hear(request string, at time.Time) {
	h := l.byID[request]
	if h == nil {
		l.add(&heard{request: request, heard: at, turn: at})
		return
	}
	h.asked = 0
	if at.After(h.heard) {
		h.heard = at
	}
	if at.After(h.turn) {
		l.turns.Remove(h)
		h.turn = at
		l.turns.Insert(h)
	}
}

func (l *heardOf) add(h *heard) {
	if l.byID == nil {
		l.byID = map[string]*heard{}
	}
	l.byID[h.request] = h
	l.turns.Insert(h)
}

// forget takes out a request, if it is there. O(log n).
func (l *heardOf) forget(request string) {
	if h := l.byID[request]; h != nil {
		delete(l.byID, request)
		l.turns.Remove(h)
	}
}

// handOut notes that a pull of a time was answered with a request. O(1).
func (l *heardOf) handOut(request string, at time.Time) {
	if h := l.byID[request]; h != nil && at.After(h.handed) {
		h.handed = at
	}
}

// handed returns the time of the newest pull that was answered with a request; zero if there was
// none.
func (l *heardOf) handed(request string) time.Time {
	if h := l.byID[request]; h != nil {
		return h.handed
	}
	return time.Time{}
}

// next takes the request whose turn it is out of the order; nil if it is nobody's. It is to be put
// back by add, or its name to be forgotten. O(log n).
func (l *heardOf) next(now time.Time) *heard {
	if l.turns.Len() == 0 || now.Sub(l.turns.First().turn) < callbackAfter {
		return nil
	}
	h := l.turns.First()
	l.forget(h.request)
	return h
}

// isLost reports whether nothing was heard of a request for so long that it is over.
func (h *heard) isLost(now time.Time) bool {
	return h.asked >= unansweredMax && now.Sub(h.heard) >= unheardFor
}

func (l *heardOf) toProto() (all []*replica.HeardOf) {
	for h := range l.turns.All() {
		all = append(all, &replica.HeardOf{RequestId: h.request,
			HeardTime: timestamppb.New(h.heard), TurnTime: timestamppb.New(h.turn), Asked: h.asked,
			HandedTime: timestampOf(h.handed)})
	}
	return all
}

// readHeard reads what toProto has written.
func readHeard(all []*replica.HeardOf) (l heardOf, err error) {
	var last *heard
	for _, m := range all {
		h := &heard{request: m.GetRequestId(), asked: m.GetAsked()}
		if t := m.GetHandedTime(); t != nil {
			if h.handed, err = readTime("handed_time", t); err != nil {
				return heardOf{}, fmt.Errorf("request %s: %w", check.Quote(h.request), err)
			}
		}
		if h.heard, err = readTime("heard_time", m.GetHeardTime()); err == nil {
			h.turn, err = readTime("turn_time", m.GetTurnTime())
		}
		if err == nil && (h.request == "" || h.asked < 0 || h.turn.Before(h.heard) ||
			l.byID[h.request] != nil || last != nil && !last.Before(h)) {
			err = errors.New("not as it was written")
		}
		if err != nil {
			return heardOf{}, fmt.Errorf("request %s: %w", check.Quote(h.request), err)
		}
		l.add(h)
		last = h
	}
	return l, nil
}
