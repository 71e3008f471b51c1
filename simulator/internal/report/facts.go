package report

import (
	"strconv"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
)

// fact is something about the experiment: "requests: 34,356".
type fact struct{ Name, Value string }

// facts are those of the workload and the fleet.
func (s *study) facts() []fact {
	w := &s.results.Workload
	workload := "unnamed"
	if w.Name != "" {
		workload = label(w.Name)
	}
	switch {
	case w.FromLog:
		workload += " (the log of a real cluster)"
	case w.Name != "":
		workload += " (made up)"
	}
	facts := []fact{{"workload", workload}}
	if len(s.variants) > 0 && s.variants[0].pool.Span.known() {
		facts = append(facts, fact{"span", humanSeconds(s.variants[0].pool.Span)})
	}
	return append(facts,
		fact{"fleet", words.Count(w.Workers, "worker")},
		fact{"requests", strings.TrimSuffix(s.requests(), " requests")},
		fact{"submissions", s.submissions()},
		fact{"accounts", count(w.Accounts)},
		fact{"policies", count(len(s.variants))},
		fact{"seeds", s.seedNames()})
}

// submissions counts those of the workload, or of the first seed's if each seed makes another one.
func (s *study) submissions() string {
	w := &s.results.Workload
	if s.seeds > 1 && !w.FromLog {
		return count(w.Submissions) + " (first seed)"
	}
	return count(w.Submissions)
}

// seedNames lists the seeds of the first variant if there are few, and else counts them.
func (s *study) seedNames() string {
	const most = 6
	if len(s.results.Variants) == 0 || s.seeds > most {
		return count(s.seeds)
	}
	var names []string
	for _, run := range s.results.Variants[0].Runs {
		names = append(names, strconv.FormatUint(run.Seed, 10))
	}
	return strings.Join(names, ", ")
}

// requests counts those of the first variant as its figures do: with several seeds, their mean.
func (s *study) requests() string {
	n := number(s.results.Workload.Requests)
	if len(s.variants) > 0 && s.variants[0].all.Requests.known() {
		n = s.variants[0].all.Requests
	}
	if n == 1 {
		return "1 request"
	}
	return meanCount(n) + " requests"
}
