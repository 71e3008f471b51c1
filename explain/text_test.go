package explain_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/explain"
	"github.com/quotasched/quotasched/protos"
)

// What a whole explanation looks like stands in the scripts scheduler/testdata/explain_*.txt; here
// is what no scheduler says.

func TestNothingHasNoWords(t *testing.T) {
	if got := explain.Text(nil) + explain.FeasibilityText(nil); got != "" {
		t.Errorf("the text of nothing is %q", got)
	}
}

// A message that is not complete, as of another version, has a text all the same.
func TestIncompleteMessagesHaveWords(t *testing.T) {
	for _, e := range []*protos.Explanation{
		{},
		{Verdict: 99, RequestId: "r"},
		{Verdict: protos.Explanation_VERDICT_STARTS},
		{Verdict: protos.Explanation_VERDICT_WAITS, Waiting: &protos.WaitingDetails{
			Levels: []*protos.LevelDetails{nil, {Level: -1, Balance: -1}}, SearchEnded: true,
			Suggestions: []*protos.Suggestion{nil}, Preemption: &protos.PreemptionDetails{Barred: true},
		}},
		{Verdict: protos.Explanation_VERDICT_RUNS, Running: &protos.RunningDetails{
			Contenders: []*protos.Contender{nil}, Promotions: []*protos.PromotionDetails{nil},
		}},
	} {
		if text := explain.Text(e); text == "" || !strings.HasSuffix(text, "\n") {
			t.Errorf("the text of %v is %q", e, text)
		}
	}
}

func TestVerdictComesFirst(t *testing.T) {
	at := timestamppb.New(time.Date(2026, 1, 1, 3, 0, 0, 0, time.UTC))
	text := explain.Text(&protos.Explanation{
		Verdict: protos.Explanation_VERDICT_NEVER, RequestId: "a task", AccountId: "a", Time: at,
		EnqueueTime: at, BaseLabels: []string{"gpu:h100"},
		Findings: []*protos.Finding{{Code: "NoSuchWorker", Message: "no known worker has gpu:h100"}},
	})
	want := `"a task" can NEVER run, as things are.
  of account a (which does not exist), enqueued just now, at 2026-01-01T03:00:00Z
  needs gpu:h100

fails NoSuchWorker: no known worker has gpu:h100
`
	if text != want {
		t.Errorf("the text is\n%s\nwant\n%s", text, want)
	}
}

// Times are for people: two units at most, and no fractions.
func TestTimesAreForPeople(t *testing.T) {
	at := time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]string{
		300 * time.Millisecond:           "just now",
		-2 * time.Second:                 "2 s from now",
		59*time.Second + 700*1e6:         "1 min ago",
		22*time.Minute + 10*time.Second:  "22 min ago",
		8 * time.Hour:                    "8 h ago",
		7*time.Hour + 59*time.Minute:     "7 h 59 min ago",
		50*time.Hour + 59*time.Minute:    "2 d 2 h ago",
		-24*time.Hour - 30*time.Minute:   "1 d from now",
		290*365*24*time.Hour + time.Hour: "105850 d 1 h ago",
	} {
		text := explain.Text(&protos.Explanation{RequestId: "r", Time: timestamppb.New(at),
			EnqueueTime: timestamppb.New(at.Add(-ago))})
		if !strings.Contains(text, ", enqueued "+want+", at ") {
			t.Errorf("%v: want %q in\n%s", ago, want, text)
		}
	}
}

// Amounts have their unit and commas, to the last digit.
func TestAmountsHaveUnits(t *testing.T) {
	for units, want := range map[int64]string{
		0:                    "0 worker-seconds;",
		1:                    "0.000001 worker-seconds;",
		-400_000:             "-0.4 worker-seconds;",
		1_000_000:            "1 worker-second;",
		-999_000_000:         "-999 worker-seconds;",
		-1_000_500_000:       "-1,000.5 worker-seconds;",
		105_530_000_000:      "105,530 worker-seconds;",
		-9223372036854775808: "-9,223,372,036,854.775808 worker-seconds;",
	} {
		text := explain.Text(&protos.Explanation{Waiting: &protos.WaitingDetails{
			Levels: []*protos.LevelDetails{{Level: 3, Balance: units, Running: 1}}}})
		if !strings.Contains(text, "\np3         "+want) {
			t.Errorf("%d: want %q in\n%s", units, want, text)
		}
	}
}

// Long lines are broken between words, and nothing of them is lost.
func TestLongLinesAreBroken(t *testing.T) {
	long := strings.Repeat("w", 120)
	text := explain.Text(&protos.Explanation{RequestId: "r", Findings: []*protos.Finding{
		{Code: "Code", Message: strings.Repeat("word ", 30) + long + " end"},
		{Code: "Code", Message: long},
	}})
	_, got, _ := strings.Cut(text, "\n\n")
	want := "fails Code:" + strings.Repeat(" word", 17) + "\n      word" +
		strings.Repeat(" word", 12) + "\n      " + long + "\n      end\nfails Code:\n      " + long + "\n"
	if got != want {
		t.Errorf("the lines are\n%s\nwant\n%s", got, want)
	}
}
