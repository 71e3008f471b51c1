package reference

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// content is what a dispatcher says about a request. It is never changed, only replaced.
type content struct {
	account scheduler.AccountID
	// base and provisionable are sets: sorted, without repetitions.
	base, provisionable []string
	enqueued            time.Time
	tags                []string
	// group names the account with the union of both label sets, for the fanout limit.
	group string
}

// request is a known request.
type request struct {
	id scheduler.RequestID
	content
	// confirmed is the newest time at which anything was said about it.
	confirmed time.Time
	// blocked requests are not placed.
	blocked bool
	// lost is the work of its earlier runs that was lost to preemption, in milliseconds.
	lost int64
}

// largestLoss bounds what a request has lost: 292 years, the greatest time.Duration.
const largestLoss = int64(math.MaxInt64 / time.Millisecond)

// newContent copies what r and tags say.
func newContent(r *scheduler.TaskRequest, tags []string) content {
	c := content{
		account:       r.Account,
		base:          labelSet(r.BaseLabels),
		provisionable: labelSet(r.ProvisionableLabels),
		enqueued:      r.EnqueueTime.UTC(),
		tags:          slices.Clone(tags),
	}
	union := labelSet(append(slices.Clone(c.base), c.provisionable...))
	c.group = fmt.Sprintf("%q %q", c.account, union)
	return c
}

// labelSet returns the labels in order and without repetitions.
func labelSet(labels []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(labels)))
}

// equal says whether two contents say the same.
func (c *content) equal(d *content) bool {
	return c.account == d.account && slices.Equal(c.base, d.base) &&
		slices.Equal(c.provisionable, d.provisionable) && c.enqueued.Equal(d.enqueued) &&
		slices.Equal(c.tags, d.tags)
}

// inOrder compares requests as every step looks at them: by enqueue time, then id.
func inOrder(a, b *request) int {
	if c := a.enqueued.Compare(b.enqueued); c != 0 {
		return c
	}
	if a.id < b.id {
		return -1
	}
	return 1
}

// hasAll says whether all wanted labels are there; both are sorted.
func hasAll(labels, wanted []string) bool {
	for _, l := range wanted {
		if _, found := slices.BinarySearch(labels, l); !found {
			return false
		}
	}
	return true
}
