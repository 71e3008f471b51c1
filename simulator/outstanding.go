package simulator

import (
	"iter"

	"github.com/quotasched/quotasched/scheduler"
)

// outstanding has the requests that have arrived and not ended, in the order of their arrival, in
// which they are numbered.
type outstanding struct {
	names *names
	// first is, for each submission that has arrived, the number of its first request.
	first []int32
	all   []*request // by number; nil if it has ended
	low   int        // no request with a lower number is outstanding
	count int
}

func newOutstanding(names *names) outstanding {
	return outstanding{names: names, first: make([]int32, len(names.submissions))}
}

// len returns the number of requests.
func (o *outstanding) len() int { return o.count }

// span bounds what going through all requests costs.
func (o *outstanding) span() int { return len(o.all) - o.low }

// called returns the request with an id, or nil if it is not outstanding.
func (o *outstanding) called(id scheduler.RequestID) *request {
	submission, i, ok := o.names.request(id)
	if !ok {
		return nil
	}
	number := int(o.first[submission]) + i
	if number >= len(o.all) || o.all[number] == nil || o.all[number].id != id {
		return nil // it has not arrived, or has ended
	}
	return o.all[number]
}

// arrives adds request i of a submission, those before which have been added.
func (o *outstanding) arrives(r *request, i int) {
	r.number = int32(len(o.all))
	if i == 0 {
		o.first[r.submission] = r.number
	}
	o.all = append(o.all, r)
	o.count++
}

// ends takes out a request that is outstanding.
func (o *outstanding) ends(r *request) {
	r.ended = true
	o.all[r.number] = nil
	o.count--
	for o.low < len(o.all) && o.all[o.low] == nil {
		o.low++
	}
}

// each yields the requests in order. Those that are yielded may end meanwhile.
func (o *outstanding) each() iter.Seq[*request] {
	return func(yield func(*request) bool) {
		for _, r := range o.all[o.low:] {
			if r != nil && !yield(r) {
				return
			}
		}
	}
}
