package scheduler

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/internal/orderedlist"
	"github.com/quotasched/quotasched/protos"
)

func (rd *snapshotReader) readWaiting() error {
	last, i := "", 0
	var expiring []*request
	for p, err := range rd.from.waiting {
		where := snapshotPlace{list: "waiting_requests", index: i}
		if err != nil {
			return bad(where, "%v", err)
		}
		if p.GetId() <= last && i > 0 {
			return bad(where.and(".id"), "%s is not in order, or there twice",
				check.Quote(p.GetId()))
		}
		last = p.GetId()
		r, err := rd.readRequest(where, p)
		if err != nil {
			return err
		}
		if rd.s.config.RequestExpiration > 0 {
			expiring = append(expiring, r)
		}
		if !r.blocked {
			rd.s.enqueue(r)
		}
		i++
	}
	rd.s.byEnqueued = orderedOf(expiring)
	return nil
}

// requestsAtOnce is for how many requests memory is taken at once: few enough for one that stays on
// not to hold much of others.
const requestsAtOnce = 32

// readRequest makes a request that neither waits nor is on a worker, and that was not read before.
func (rd *snapshotReader) readRequest(where snapshotPlace, p *protos.Request) (*request, error) {
	if err := checkID("request id", p.GetId()); err != nil {
		return nil, bad(where.and(".id"), "%v", err)
	}
	c, err := rd.readContent(where.and(".content"), p.GetContent())
	if err != nil {
		return nil, err
	}
	confirmed, err := readTime(where.and(".confirmed_time"), p.GetConfirmedTime())
	if err != nil {
		return nil, err
	}
	lost, err := readLoss(where.and(".lost_work"), p.GetLostWork())
	if err != nil {
		return nil, err
	}
	if len(rd.spareRequests) == 0 {
		rd.spareRequests = make([]request, requestsAtOnce)
	}
	r := &rd.spareRequests[0]
	rd.spareRequests = rd.spareRequests[1:]
	*r = request{id: RequestID(p.GetId()), lane: rd.laneOf(&c), enqueued: c.enqueued,
		confirmed: confirmed, blocked: p.GetBlocked()}
	r.setMore(c.tags, lost)
	rd.s.requests[r.id] = r
	return r, nil
}

// readLoss reads an amount of lost work.
func readLoss(where snapshotPlace, d *durationpb.Duration) (int64, error) {
	if d == nil {
		return 0, nil
	}
	v, ok := check.Duration(d)
	switch {
	case !ok || v < 0:
		return 0, bad(where, "%d s and %d ns is not from 0 to 292 years", d.GetSeconds(), d.GetNanos())
	case v%time.Millisecond != 0:
		return 0, bad(where, "not in whole milliseconds")
	}
	return v.Milliseconds(), nil
}

// laneOf returns the lane of one more request.
func (rd *snapshotReader) laneOf(c *numbered) *lane {
	base, prov := rd.sets[c.base], rd.sets[c.prov]
	base.refs++
	prov.refs++
	a := rd.accounts[c.account]
	if a == nil {
		a = rd.s.account(rd.accountID(c.account))
		rd.accounts[c.account] = a
	}
	return rd.s.laneFor(a, base, prov)
}

// placeOf returns where a request stands that was read before.
func (rd *snapshotReader) placeOf(id string) snapshotPlace {
	i := 0
	for p := range rd.from.waiting {
		if p.GetId() == id {
			return snapshotPlace{list: "waiting_requests", index: i}
		}
		i++
	}
	i = 0
	for p := range rd.from.workers {
		if p.GetRun().GetRequest().GetId() == id {
			return snapshotPlace{list: "workers", index: i}.and(".run").and(".request")
		}
		i++
	}
	return snapshotPlace{}
}

// numbered is a content with its account and label sets by number, all of which are known.
type numbered struct {
	laneNumbers
	enqueued instant
	tags     []string
}

// named returns the content with names.
func (rd *snapshotReader) named(c *numbered) *content {
	return &content{rd.accountID(c.account), rd.s.labels.names(rd.sets[c.base]),
		rd.s.labels.names(rd.sets[c.prov]), c.enqueued, c.tags}
}

// accountID returns the id of an account by its number.
func (rd *snapshotReader) accountID(n uint32) AccountID {
	if n == 0 {
		return ""
	}
	return AccountID(rd.from.tables.GetAccountIds()[n-1])
}

func (rd *snapshotReader) readContent(where snapshotPlace, p *protos.RequestContent) (c numbered,
	err error) {
	if p == nil {
		return c, bad(where, "missing")
	}
	c.laneNumbers = laneNumbers{p.GetAccount(), p.GetBaseLabelSet(), p.GetProvisionableLabelSet()}
	if int64(c.account) > int64(len(rd.from.tables.GetAccountIds())) {
		return c, bad(where.and(".account"), "unknown account number %d", c.account)
	}
	if err = rd.checkSet(where.and(".base_label_set"), c.base); err != nil {
		return c, err
	}
	if err = rd.checkSet(where.and(".provisionable_label_set"), c.prov); err != nil {
		return c, err
	}
	if c.enqueued, err = readTime(where.and(".enqueue_time"), p.GetEnqueueTime()); err != nil {
		return c, err
	}
	if err := checkTexts("tag", p.GetTags()); err != nil {
		return c, bad(where.and(".tags"), "%v", err)
	}
	c.tags = copyTags(p.GetTags())
	return c, nil
}

// orderedOf returns an ordered list of the items, which it sorts.
func orderedOf[T orderedlist.Item[T]](items []T) orderedlist.List[T] {
	order := func(a, b T) int {
		if a.Before(b) {
			return -1
		}
		return 1
	}
	slices.SortFunc(items, order)
	return orderedlist.Of(items)
}
