package draft_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/draft"
	"github.com/quotasched/quotasched/simulator/trace"
)

// Whatever accounts and labels are called, the file can be read, and has what was there.
func TestDraftsCanBeRead(t *testing.T) {
	w := &simulator.Workload{}
	names := []string{"plain", "", "a b", "true", "12", `"q"`, "a:b", "{x}", "-", "#", "é", "it's",
		"null", "*", "&a", "yes"}
	for i := range 25 {
		names = append(names, fmt.Sprintf("team-%02d", i))
	}
	for i, name := range names {
		s := sub("label:"+strings.Trim(name, "{}"), i, 100-i, 1)
		s.Account = scheduler.AccountID(name)
		w.Submissions = append(w.Submissions, s)
	}
	o := draft.Options{Name: "x: y", Workload: w,
		Source: &trace.Source{File: "a b.csv", Format: trace.FormatSacct,
			Mapping: trace.Mapping{Account: "{User}", BaseLabels: []string{"label:{x}"}}}}
	d, err := draft.Experiment(o)
	require.NoError(t, err)
	e, err := experiment.Parse("draft.yaml", d.Text)
	require.NoError(t, err, string(d.Text))
	f := e.File
	require.Equal(t, "x: y", f.Name)
	require.Equal(t, "a b.csv", f.Trace.File)
	require.Equal(t, []string{"label:{x}"}, f.Trace.BaseLabels)
	require.Len(t, f.Fleet.Groups, len(names))
	for _, g := range f.Fleet.Groups {
		require.Len(t, g.Labels, 1)
	}
	require.Len(t, f.Policies, 3)
	quota := &f.Policies[2]
	require.Len(t, quota.Accounts, 20)
	for _, name := range names[2:20] {
		require.Contains(t, quota.Accounts, scheduler.AccountID(name))
	}
	require.Len(t, quota.Groups, 1)
	w.Submissions[3].BaseLabels = []string{"label:\x01"}
	_, err = draft.Experiment(o)
	require.ErrorContains(t, err, "has a control character")
}
