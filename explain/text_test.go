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
  of account a (which does not exist), enqueued 0s ago, at 2026-01-01T03:00:00Z
  needs gpu:h100

fails NoSuchWorker: no known worker has gpu:h100
`
	if text != want {
		t.Errorf("the text is\n%s\nwant\n%s", text, want)
	}
}
