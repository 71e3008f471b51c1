package trace_test

import (
	"context"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/simulator/trace"
)

// The first day of a log, where accounts are users and a worker is a node of four processors.
func ExampleLoad() {
	loaded, err := trace.Load(context.Background(), &trace.Source{
		File: "../../examples/logs/tiny.swf",
		Mapping: trace.Mapping{
			Account:    "user-{user}",
			Importance: "{queue|queues}",
			Tables:     map[string]map[string]string{"queues": {"1": "normal", "*": "other"}},
			PerWorker:  "4",
			To:         24 * time.Hour,
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, note := range loaded.Notes {
		fmt.Println(note)
	}
	s := &loaded.Workload.Submissions[0]
	fmt.Println(s.Account, s.Importance, "needs", s.Size, "for", s.Run)
	// Output:
	// 200 jobs, of which 2 never ran; 0 malformed lines skipped
	// window from 0s to 24h0m0s after the log's start: 111 of 198 submissions
	// user-13 normal needs 1 for 1m56s
}
