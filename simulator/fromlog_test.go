package simulator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/swf"
)

// smallLog is out of order, has a number twice, and a job that never ran.
const smallLog = `; UnixStartTime: 1767571200
; MaxProcs: 64
1 100 50 10 4 -1 -1 -1 -1 -1 1 7 3 -1 2 -1 -1 -1
2  90 -1 20 -1 -1 -1 8 -1 -1 1 8 -1 -1 2 -1 -1 -1
3 110 50 0 4 -1 -1 -1 -1 -1 5 7 3 -1 2 -1 -1 -1
1 120 0 30 1 -1 -1 -1 -1 -1 1 7 3 -1 2 -1 -1 -1
`

func readLog(t *testing.T, text string) *swf.Log {
	t.Helper()
	r, err := swf.NewReader(strings.NewReader(text), "small.swf")
	if err != nil {
		t.Fatal(err)
	}
	log, err := swf.Read(r, true)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func TestFromLog(t *testing.T) {
	w, neverRan := simulator.FromLog(readLog(t, smallLog), "small.swf", simulator.AccountGroup)
	equal(t, "never ran", neverRan, 1)
	equal(t, "start", w.Start, time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC))
	equal(t, "real workers", w.RealWorkers, 64)
	equal(t, "submissions", w.Submissions, []simulator.Submission{
		{ID: "2", Account: "group-unknown", Submit: 90 * time.Second, Run: 20 * time.Second,
			Size: 8, RealWait: simulator.Unknown},
		{ID: "1", Account: "group-3", Submit: 100 * time.Second, Run: 10 * time.Second, Size: 4,
			RealWait: 50 * time.Second},
		{ID: "1@4", Account: "group-3", Submit: 120 * time.Second, Run: 30 * time.Second, Size: 1},
	})
	equal(t, "requests", w.Requests(), 13)
}

func TestAccountsOfALog(t *testing.T) {
	for field, want := range map[simulator.AccountField][]scheduler.AccountID{
		simulator.AccountGroup: {"group-unknown", "group-3"},
		simulator.AccountUser:  {"user-8", "user-7"},
		simulator.AccountQueue: {"queue-2"},
		simulator.AccountNone:  nil,
	} {
		w, _ := simulator.FromLog(readLog(t, smallLog), "small.swf", field)
		equal(t, string(field), w.AccountIDs(), want)
	}
}

// A log that does not say when it began, nor how large the machine was.
func TestALogWithoutHeader(t *testing.T) {
	_, body, _ := strings.Cut(smallLog, "64\n")
	w, _ := simulator.FromLog(readLog(t, body), "small.swf", simulator.AccountGroup)
	equal(t, "start", w.Start.Year(), 2000)
	equal(t, "real workers", w.RealWorkers, 0)
}
