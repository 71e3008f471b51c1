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
	// overFor is for how long it is remembered that a request of an external pool is over,
	overFor = time.Hour
	// and overMax of how many. The oldest leave first.
	overMax = 100_000
)

// overs are the requests of an external pool that are over, with the time of the news that said so.
// A scheduler forgets them, and would take older news that is still under way for a new request.
type overs struct {
	byID  map[string]*over
	queue orderedlist.List[*over]
}

// An over is a request that is over.
type over struct {
	request string
	news    time.Time // of the news that said so
	known   time.Time // when it came
}

// Before orders requests by when it was known that they are over.
func (o *over) Before(p *over) bool {
	if !o.known.Equal(p.known) {
		return o.known.Before(p.known)
	}
	return o.request < p.request
}

// add notes that news says that a request is over. O(log n).
func (l *overs) add(request string, news, now time.Time) {
	o := &over{request: request, news: news, known: now}
	if old := l.byID[request]; old != nil {
		if old.news.After(news) {
			o.news = old.news
		}
		l.queue.Remove(old)
	}
	l.put(o)
	for l.queue.Len() > overMax {
		delete(l.byID, l.queue.PopFirst().request)
	}
}

func (l *overs) put(o *over) {
	if l.byID == nil {
		l.byID = map[string]*over{}
	}
	l.byID[o.request] = o
	l.queue.Insert(o)
}

// since returns the time of the news that a request is over; the zero time if that is not known.
func (l *overs) since(request string) time.Time {
	if o := l.byID[request]; o != nil {
		return o.news
	}
	return time.Time{}
}

// due returns when the oldest request is to be forgotten.
func (l *overs) due() (t time.Time, ok bool) {
	if l.queue.Len() == 0 {
		return t, false
	}
	return l.queue.First().known.Add(overFor), true
}

// expire forgets the requests that were kept for long enough.
func (l *overs) expire(now time.Time) {
	for l.queue.Len() > 0 && now.Sub(l.queue.First().known) >= overFor {
		delete(l.byID, l.queue.PopFirst().request)
	}
}

func (l *overs) toProto() (all []*replica.Over) {
	for o := range l.queue.All() {
		all = append(all, &replica.Over{RequestId: o.request, NewsTime: timestamppb.New(o.news),
			KnownTime: timestamppb.New(o.known)})
	}
	return all
}

// readOvers reads what toProto has written.
func readOvers(all []*replica.Over) (l overs, err error) {
	var last *over
	for _, m := range all {
		o := &over{request: m.GetRequestId()}
		if o.news, err = readTime("news_time", m.GetNewsTime()); err == nil {
			o.known, err = readTime("known_time", m.GetKnownTime())
		}
		if err == nil && (o.request == "" || l.byID[o.request] != nil ||
			last != nil && !last.Before(o)) {
			err = errors.New("not as it was written")
		}
		if err != nil {
			return overs{}, fmt.Errorf("request %s: %w", check.Quote(o.request), err)
		}
		l.put(o)
		last = o
	}
	return l, nil
}
