package scheduler_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/scheduler"
)

func TestHasLabels(t *testing.T) {
	s := scheduler.New(time.Unix(0, 0))
	require.NoError(t, s.MarkIdle("w", stringset.NewFromSlice("a", "b"), time.Unix(1, 0), nil))
	require.NoError(t, s.MarkIdle("bare", nil, time.Unix(1, 0), nil))
	for name, c := range map[string]struct {
		worker scheduler.WorkerID
		labels []string
		want   bool
	}{
		"the same":      {"w", []string{"b", "a"}, true},
		"fewer":         {"w", []string{"a"}, false},
		"more":          {"w", []string{"a", "b", "c"}, false},
		"another one":   {"w", []string{"a", "c"}, false},
		"none":          {"w", nil, false},
		"of none, none": {"bare", nil, true},
		"of none, one":  {"bare", []string{"a"}, false},
		"nobody":        {"v", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, s.HasLabels(c.worker, stringset.NewFromSlice(c.labels...)))
			require.Equal(t, c.want, s.HasLabelList(c.worker, c.labels))
		})
	}
	require.False(t, s.HasLabelList("w", []string{"a", "a"}))
	require.False(t, s.HasLabelList("w", []string{"a", "b", "a"}))
	require.True(t, s.HasLabelList("w", []string{"a", "b"}), "what was asked before leaves no trace")
}

// MarkIdleAgain does what MarkIdle with the labels of before does, in all that a worker can be.
func TestMarkIdleAgain(t *testing.T) {
	labels := stringset.NewFromSlice("a", "b")
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for name, prepare := range map[string]func(s *scheduler.Scheduler){
		"idle": func(*scheduler.Scheduler) {},
		"held": func(s *scheduler.Scheduler) { s.RunOnce(nil) },
		"running": func(s *scheduler.Scheduler) {
			s.RunOnce(nil)
			require.NoError(t, s.NotifyTaskRunning("r", "w", at(2), nil))
		},
		"newer": func(s *scheduler.Scheduler) {
			require.NoError(t, s.MarkIdle("w", labels, at(9), nil))
		},
	} {
		t.Run(name, func(t *testing.T) {
			tell := func(tell func(*scheduler.Scheduler) error) []byte {
				s := scheduler.New(at(0))
				require.NoError(t, s.MarkIdle("w", labels, at(1), nil))
				r := scheduler.NewTaskRequest("r", "", nil, labels, at(1))
				require.NoError(t, s.AddRequest(r, at(1), nil, nil))
				prepare(s)
				require.NoError(t, tell(s))
				s.RunOnce(nil)
				return s.AppendSnapshot(nil)
			}
			want := tell(func(s *scheduler.Scheduler) error {
				return s.MarkIdle("w", labels, at(3), nil)
			})
			require.Equal(t, want, tell(func(s *scheduler.Scheduler) error {
				return s.MarkIdleAgain("w", at(3), nil)
			}))
		})
	}
	s := scheduler.New(at(0))
	require.ErrorIs(t, s.MarkIdleAgain("w", at(1), nil), scheduler.ErrInvalid)
	require.NoError(t, s.MarkIdle("w", labels, at(1), nil))
	require.ErrorIs(t, s.MarkIdleAgain("w", at(-1), nil), scheduler.ErrInvalid)
}
