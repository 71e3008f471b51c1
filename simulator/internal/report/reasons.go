package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// A Reason says of how many requests of an account the same gate is the first that keeps them.
type Reason struct {
	// Account is theirs; it may be empty.
	Account string
	// Code is the first finding that fails, or that of the verdict for those that start.
	Code string
	// Requests is how many there are.
	Requests int
	// Waited is how long the one that was enqueued first has waited, and Example is its id.
	Waited  time.Duration
	Example string
}

// startsNext stands in place of a code for requests that the next pass starts.
const startsNext = "starts next"

// Reasons are why requests wait, many at once.
type Reasons struct {
	list  []*Reason
	known map[[2]string]*Reason
	total int
}

// Add counts the explanation of a request that waits.
func (r *Reasons) Add(e *protos.Explanation) {
	code := startsNext
	if e.GetVerdict() != protos.Explanation_VERDICT_STARTS && len(e.GetFindings()) > 0 {
		code = e.GetFindings()[0].GetCode().String()
	}
	key := [2]string{e.GetAccountId(), code}
	if r.known == nil {
		r.known = map[[2]string]*Reason{}
	}
	reason := r.known[key]
	if reason == nil {
		reason = &Reason{Account: e.GetAccountId(), Code: code}
		r.known[key] = reason
		r.list = append(r.list, reason)
	}
	r.total++
	reason.Requests++
	waited := e.GetTime().AsTime().Sub(e.GetEnqueueTime().AsTime())
	if reason.Example == "" || waited > reason.Waited {
		reason.Waited, reason.Example = waited, e.GetRequestId()
	}
}

// Write writes for people why requests wait: by account and reason, those with the most requests
// first.
func (r *Reasons) Write(out io.Writer) error {
	var b strings.Builder
	if r.total == 0 {
		b.WriteString("no request waits\n")
		return flush(out, &b)
	}
	slices.SortStableFunc(r.list, func(a, b *Reason) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), strings.Compare(a.Account, b.Account),
			strings.Compare(a.Code, b.Code))
	})
	t := newTable("account", "requests", "longest wait", "first of all, by", "for example")
	for _, reason := range r.list {
		t.AppendRow(table.Row{words.Shorten(words.Account(reason.Account), terminalAccountRunes),
			count(reason.Requests), humanSeconds(number(reason.Waited.Seconds())), reason.Code,
			words.Printable(reason.Example)})
	}
	fmt.Fprintf(&b, "%s:\n\n%s\n", words.Count(r.total, "request")+" that wait, and what keeps them",
		t.Render())
	return flush(out, &b)
}
