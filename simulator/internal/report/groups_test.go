package report_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

// addGroups makes up figures of six pools, of which H100 is full, and of sizes, and requests that
// waited for long.
func addGroups(f *simulator.Figures, m madeUp, v int, rng *rand.Rand) {
	pools := simulator.Grouping{By: "pool"}
	for i, name := range []string{"", "A100", "H100", "L4", "T4", "cpu", "tpu"} {
		full, median := 0.2+0.1*rng.Float64(), 20.0+10*float64(v)
		if name == "H100" {
			full, median = 0.998, 90_000/float64(v+1)
		}
		g := simulator.GroupFigures{Value: name, Workers: 20 * min(i, 1), Utilisation: full,
			UsedSeconds: full * 20 * f.Pool.SpanSeconds, QueueMean: median / 60, QueueMax: int64(median),
			Requests: 1000, Completed: 1000, Wait: simulator.Distribution{Count: 1000,
				MeanSeconds: 2 * median, P50Seconds: median, P95Seconds: 4 * median,
				P99Seconds: 6 * median, MaxSeconds: 9 * median}}
		for k := range m.points {
			wave := 1 + 0.3*math.Sin(14*math.Pi*float64(k)/float64(m.points))
			g.Busy = append(g.Busy, min(20, 20*full*wave*float64(min(i, 1))))
			g.Queue = append(g.Queue, g.QueueMean*wave*wave)
		}
		pools.Groups = append(pools.Groups, g)
	}
	sizes := simulator.Grouping{Groups: []simulator.GroupFigures{pools.Groups[1], pools.Groups[2]}}
	sizes.Groups[0].Value, sizes.Groups[1].Value = "1", "5 to 8"
	f.Groupings = []simulator.Grouping{pools, sizes}
	for i := range 10 {
		r := simulator.NotableRequest{Account: "fuzz", Labels: []string{"pool:H100"},
			Outcome: "completed", Submit: f.Start.Add(time.Hour), WaitSeconds: float64(90_000 - i), Runs: 2,
			Preemptions: 3 + i, LostSeconds: 7200}
		for _, list := range []*[]simulator.NotableRequest{&f.LongestWaits, &f.MostPreempted} {
			r.Request = fuzzID(len(*list))
			*list = append(*list, r)
		}
	}
}

func fuzzID(i int) scheduler.RequestID {
	return scheduler.RequestID(fmt.Sprint("fuzz-", 100+i))
}

// A full pool shows at once: in the table of pools, and by the requests that waited for longest.
func TestStarvationShows(t *testing.T) {
	text := comparison(t, results(usual), report.Options{Top: 3})
	contains(t, text, "pool  policy         workers  utilisation",
		"H100  fifo                20       99.8 %",
		"size    policy         of use", "waited longest  account  policy",
		"fuzz-100        fuzz     fifo           Mon 5 Jan 01:00    25 h          3      2.0 h  completed",
		"preempted most  account  policy", "4 more values with less use left out")
	single := results(madeUp{variants: 1, seeds: 1, accounts: 3})
	var b strings.Builder
	require.NoError(t, report.Table(&b, single.Variants[0].Runs[0].Figures, report.Options{}))
	contains(t, b.String(), "pool    workers  utilisation", "H100         20       99.8 %",
		"fuzz-100        fuzz     Mon 5 Jan 01:00    25 h")
}
