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
	rd.requests = make([]plannedRequest, 0, rd.from.waitingCount)
	last := ""
	var expiring []*request
	for p, err := range rd.from.waiting {
		where := snapshotPlace{list: "waiting_requests", index: len(rd.requests)}
		if err != nil {
			return bad(where, "%v", err)
		}
		if p.GetId() <= last && len(rd.requests) > 0 {
			return bad(where.and(".id"), "%s is not in order, or there twice",
				check.Quote(p.GetId()))
		}
		last = p.GetId()
		r, lane, err := rd.readRequest(where, p)
		if err != nil {
			return err
		}
		if rd.s.config.RequestExpiration > 0 {
			expiring = append(expiring, r)
		}
		if !r.blocked() {
			rd.lanes.list[lane].waiting++
		}
	}
	rd.waiting = len(rd.requests)
	rd.s.byEnqueued = orderedOf(expiring)
	rd.s.requests = make(map[RequestID]*request, rd.waiting+rd.from.workersCount)
	for _, read := range rd.requests {
		rd.s.requests[read.request.id] = read.request
	}
	return nil
}

// requestsAtOnce is for how many requests memory is taken at once: few enough for one that stays on
// not to hold much of others, and for the garbage collector to scan them with their neighbours, as
// it does up to 512 bytes.
const requestsAtOnce = 8

// readRequest makes a request that was not read before. It neither waits nor is on a worker, and
// has a lane only when all lanes are made.
func (rd *snapshotReader) readRequest(where snapshotPlace, p *protos.Request) (r *request,
	lane int32, err error) {
	if err := checkID("request id", p.GetId()); err != nil {
		return nil, 0, bad(where.and(".id"), "%v", err)
	}
	c, err := rd.readContent(where.and(".content"), p.GetContent())
	if err != nil {
		return nil, 0, err
	}
	confirmed, err := readTime(where.and(".confirmed_time"), p.GetConfirmedTime())
	if err != nil {
		return nil, 0, err
	}
	lost, err := readLoss(where.and(".lost_work"), p.GetLostWork())
	if err != nil {
		return nil, 0, err
	}
	if len(rd.spareRequests) == 0 {
		rd.spareRequests = make([]request, requestsAtOnce)
	}
	r = &rd.spareRequests[0]
	rd.spareRequests = rd.spareRequests[1:]
	r.id, r.enqueued, r.confirmed = RequestID(p.GetId()), c.enqueued, confirmed
	r.setExtra(more{c.tags, lost, p.GetBlocked()})
	lane = rd.lanes.number(c.laneNumbers)
	rd.lanes.list[lane].requests++
	rd.requests = append(rd.requests, plannedRequest{r, lane})
	return r, lane, nil
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

// account returns an account by its number.
func (rd *snapshotReader) account(n uint32) *account {
	if rd.accounts[n] == nil {
		rd.accounts[n] = rd.s.account(rd.accountID(n))
	}
	return rd.accounts[n]
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
	sortItems(items)
	return orderedlist.Of(items)
}

// sortItems sorts items in their order.
func sortItems[T orderedlist.Item[T]](items []T) {
	slices.SortFunc(items, func(a, b T) int {
		if a.Before(b) {
			return -1
		}
		return 1
	})
}
