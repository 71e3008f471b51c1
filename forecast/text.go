package forecast

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// Text writes a forecast for people: first what limits it, then a table of requests with how long
// it is until they start and are complete, why there is no time for some, and what it all rests
// on. The error is the writer's.
func Text(w io.Writer, f *protos.Forecast) error {
	var b strings.Builder
	made := f.GetTime().AsTime()
	fmt.Fprintf(&b, "as of %s\n\n", made.Format(time.RFC3339))
	for _, c := range f.GetCaveats() {
		b.WriteString(words.Paragraph("! ", words.Printable(c.GetMessage())) + "\n")
	}
	if len(f.GetCaveats()) > 0 {
		b.WriteString("\n")
	}
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "request\taccount\twaits since\tstarts in: earliest\tlikely\tlatest\t"+
		"complete in: earliest\tlikely\tlatest\tpreempted\n")
	for _, r := range f.GetRequests() {
		since := words.Duration(made.Sub(r.GetEnqueueTime().AsTime()))
		fmt.Fprintln(t, strings.Join(append([]string{words.Printable(r.GetRequestId()),
			words.Printable(r.GetAccountId()), since}, cells(f, r)...), "\t"))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("forecast: %w", err)
	}
	notes(&b, f)
	b.WriteString("\nassumed:\n")
	for _, a := range f.GetAssumptions() {
		b.WriteString(words.Paragraph("  ", words.Printable(a.GetMessage())) + "\n")
	}
	_, err := io.WriteString(w, trimLines(b.String()))
	return err
}

// cells returns the cells of a request's start and completion.
func cells(f *protos.Forecast, r *protos.RequestForecast) []string {
	three := func(text string) []string { return []string{text, text, text} }
	var starts []string
	switch r.GetAnswer() {
	case protos.RequestForecast_ANSWER_STARTS:
		starts = []string{wait(f, r.GetEarliest()), wait(f, r.GetLikely()), wait(f, r.GetLatest())}
	case protos.RequestForecast_ANSWER_UNKNOWN:
		starts = three("unknown")
	case protos.RequestForecast_ANSWER_NEVER:
		starts = three("never")
	case protos.RequestForecast_ANSWER_ON_WORKER:
		starts = three("started")
	default:
		starts = three(wait(f, nil))
	}
	c := r.GetCompletion()
	switch {
	case c != nil:
		return append(starts, wait(f, c.GetEarliest()), wait(f, c.GetLikely()),
			wait(f, c.GetLatest()), percent(c.GetPreempted()))
	case r.GetAnswer() == protos.RequestForecast_ANSWER_NEVER:
		return append(starts, three("never")...)
	}
	return append(starts, three("unknown")...)
}

// notes writes what is to be said of single requests.
func notes(b *strings.Builder, f *protos.Forecast) {
	b.WriteString("\n")
	n := b.Len()
	for _, r := range f.GetRequests() {
		id := words.Printable(r.GetRequestId())
		if r.GetMessage() != "" {
			fmt.Fprintf(b, "%s: %s\n", id, words.Printable(r.GetMessage()))
		}
		if r.GetAnswer() == protos.RequestForecast_ANSWER_STARTS && r.GetLater() > 0 {
			fmt.Fprintf(b, "%s: does not start within %s in %s of the forks\n", id,
				words.ExactDuration(horizonOf(f)), percent(r.GetLater()))
		}
	}
	if b.Len() > n {
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "%s of the starts and completions lie from earliest to latest, and half of them "+
		"before likely,\nif what is assumed holds; preempted: in so many of the forks\n",
		percent(f.GetCoverage()))
}

func horizonOf(f *protos.Forecast) time.Duration {
	return f.GetUntil().AsTime().Sub(f.GetTime().AsTime())
}

// wait says how long it takes until a time; nothing is later than the horizon.
func wait(f *protos.Forecast, t *timestamppb.Timestamp) string {
	if t == nil {
		return "later than " + words.ExactDuration(horizonOf(f))
	}
	return words.Duration(t.AsTime().Sub(f.GetTime().AsTime()))
}

// trimLines takes away spaces at the ends of lines.
func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
