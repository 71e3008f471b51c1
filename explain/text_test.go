package explain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
		Findings: []*protos.Finding{{Code: protos.Finding_NoSuchWorker}},
	})
	want := `"a task" can NEVER run, as things are.
  of account a (which does not exist), enqueued just now, at 2026-01-01T03:00:00Z
  needs gpu:h100

fails NoSuchWorker: no known worker has all its base labels
`
	if text != want {
		t.Errorf("the text is\n%s\nwant\n%s", text, want)
	}
}

// Times are for people: as words.Duration has them.
func TestTimesAreForPeople(t *testing.T) {
	at := time.Date(2026, 1, 8, 0, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]string{
		300 * time.Millisecond:           "just now",
		-2 * time.Second:                 "2 s from now",
		59*time.Second + 700*1e6:         "60 s ago",
		22*time.Minute + 10*time.Second:  "22 min ago",
		8 * time.Hour:                    "8 h ago",
		7*time.Hour + 59*time.Minute:     "7 h 59 min ago",
		50*time.Hour + 59*time.Minute:    "2 d 3 h ago",
		-24*time.Hour - 30*time.Minute:   "24 h 30 min from now",
		290*365*24*time.Hour + time.Hour: "105,850 d ago",
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
		{Code: 99, Message: strings.Repeat("word ", 30) + long + " end"},
		{Code: 99, Message: long},
	}})
	_, got, _ := strings.Cut(text, "\n\n")
	want := "fails 99:" + strings.Repeat(" word", 18) + "\n      word" +
		strings.Repeat(" word", 11) + "\n      " + long + "\n      end\nfails 99:\n      " + long + "\n"
	if got != want {
		t.Errorf("the lines are\n%s\nwant\n%s", got, want)
	}
}

// Every code of a finding has words, even where the numbers behind it are missing.
func TestEveryCodeHasWords(t *testing.T) {
	for code := range protos.Finding_Code_name {
		if protos.Finding_Code(code) == protos.Finding_Barred {
			continue // reserved: earlier rules had it
		}
		e := &protos.Explanation{
			Findings: []*protos.Finding{{Code: protos.Finding_Code(code)}},
			Running: &protos.RunningDetails{
				Contenders: []*protos.Contender{{Code: protos.Finding_Code(code)}}},
		}
		oneLine := func(text string) string { return strings.Join(strings.Fields(text), " ") }
		text := oneLine(explain.Text(e))
		explain.Describe(e)
		ofFinding := oneLine(e.GetFindings()[0].GetMessage())
		ofContender := oneLine(e.GetRunning().GetContenders()[0].GetMessage())
		require.NotEmpty(t, ofFinding+ofContender, protos.Finding_Code(code))
		require.Contains(t, text, ofFinding)
		require.Contains(t, text, ofContender)
	}
}

// So has every kind of change.
func TestEveryChangeHasWords(t *testing.T) {
	kinds := (&protos.Change{}).ProtoReflect().Descriptor().Oneofs().ByName("kind").Fields()
	for i := range kinds.Len() {
		c := &protos.Change{}
		c.ProtoReflect().Mutable(kinds.Get(i))
		s := &protos.Suggestion{Change: c}
		explain.Describe(&protos.Explanation{
			Waiting: &protos.WaitingDetails{Suggestions: []*protos.Suggestion{s}}})
		require.NotEmpty(t, s.GetMessage(), kinds.Get(i).Name())
	}
}

// What a newer version says stays as it is.
func TestUnknownCodesKeepTheirMessage(t *testing.T) {
	f := &protos.Finding{Code: 99, Message: "as said"}
	explain.Describe(&protos.Explanation{Findings: []*protos.Finding{f}})
	explain.DescribeFeasibility(&protos.Feasibility{Findings: []*protos.Finding{f}})
	require.Equal(t, "as said", f.GetMessage())
}

// The messages have the numbers of the explanation in them.
func TestMessagesHaveTheNumbers(t *testing.T) {
	e := &protos.Explanation{
		AccountId: "fuzz",
		Findings: []*protos.Finding{
			{Code: protos.Finding_BalanceTooLow}, {Code: protos.Finding_LabelLimitReached},
			{Code: protos.Finding_IdleWorkers}, {Code: protos.Finding_NoSuchWorker},
		},
		Waiting: &protos.WaitingDetails{
			Levels: []*protos.LevelDetails{
				{Level: 0, Balance: -1_000_000, BalanceToStartAbove: 0},
				{Level: 1, Balance: 5_000_000, BalanceToStartAbove: 1_200_000_000, Running: 9,
					ChargeRate: 6500, BalanceCap: 1},
			},
			Labels: []*protos.LabelDetails{
				{Label: "gpu:h100"}, {Label: "os:linux", Workers: 3}, {Label: "tool", Provisionable: true},
			},
			LabelLimits: []*protos.LabelLimitDetails{
				{Label: "pool:a", Running: 2, Limit: 2}, {Label: "pool:b", Running: 7, Limit: 3},
			},
			Fleet: &protos.FleetDetails{Idle: 1500, IdleOverLimit: 300, OverLimit: 2000},
		},
	}
	explain.Describe(e)
	var got []string
	for _, f := range e.GetFindings() {
		got = append(got, f.GetMessage())
	}
	require.Equal(t, []string{
		"the balance of 5 worker-seconds at p1 is not above the 1,200 that one more task needs; " +
			"9 run, and the rate pays for 6.5",
		"label limits keep it from 2,000 workers: 7 tasks of its account on pool:b, and the limit is 3",
		"1,200 idle workers could take it",
		"no known worker has gpu:h100",
	}, got)
}
