package simulator

import (
	"fmt"
	"strconv"

	"github.com/quotasched/quotasched/scheduler"
)

// requestID returns the id of the submission's request i.
func (s *Submission) requestID(i int) scheduler.RequestID {
	if s.Size == 1 {
		return scheduler.RequestID(s.ID)
	}
	return scheduler.RequestID(s.ID + "." + strconv.Itoa(i))
}

// SubmissionOf names the submission that a request of a recorded run is of, as far as that can be
// told from the request alone: requests are of one submission if they have the same account and
// enqueue time, and the same id but for a number after its last dot, as "cq-35.0" and "cq-35.12".
// So 1,300 different tests that arrive together are as many submissions.
//
// It is a forecast.Options.Group: the tasks of a submission run equally long.
func SubmissionOf(r *scheduler.TaskRequest) string {
	id := string(r.ID)
	if before, _, ok := cutNumber(id); ok {
		id = before
	}
	at := r.EnqueueTime
	return fmt.Sprintf("%q %d.%09d %q", r.Account, at.Unix(), at.Nanosecond(), id)
}

// cutNumber cuts an id before its last dot, if what comes after that is a number.
func cutNumber(id string) (before, digits string, ok bool) {
	at := len(id)
	for at > 0 && '0' <= id[at-1] && id[at-1] <= '9' {
		at--
	}
	if at == 0 || at == len(id) || id[at-1] != '.' {
		return "", "", false
	}
	return id[:at-1], id[at:], true
}
