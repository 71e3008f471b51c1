package experiment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator/experiment"
)

const twoPolicies = `name: two
workload:
  length: 1h
  streams:
    - {name: s, account: a, arrivals: {per_day: 10}, run: {median: 1m, sigma: 0.5}}
fleet: {total: 4}
policies:
  - name: one
    accounts: {a: {rates: {p1: 2}, max_charge: 1h}}
  - name: more
    base: one
    scheduler: {burst_cover: 5m}
`

// A policy stands in a file of its own, or in an experiment.
func TestParsePolicy(t *testing.T) {
	for _, c := range []struct {
		name, text, choose string
		want               string // the policy's name
		cover              time.Duration
	}{
		{"alone", "accounts: {a: {rates: {p1: 2}, max_charge: 1h}}", "", "p", 10 * time.Minute},
		{"alone, with a choice for others", "accounts: {a: {rates: {p1: 2}, max_charge: 1h}}", "x", "p",
			10 * time.Minute},
		{"alone, with a name", "{name: mine, accounts: {a: {rates: {p1: 2}, max_charge: 1h}}}", "",
			"mine", 10 * time.Minute},
		{"in an experiment", twoPolicies, "one", "one", 10 * time.Minute},
		{"with a base", twoPolicies, "more", "more", 5 * time.Minute},
		{"the only one", strings.Split(twoPolicies, "  - name: more")[0], "", "one", 10 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := experiment.ParsePolicy("dir/p.yaml", []byte(c.text), c.choose)
			if err != nil {
				t.Fatal(err)
			}
			config, balances := f.Settings(nil, 0)
			want := &scheduler.AccountConfig{MaxCharge: time.Hour,
				ChargeRate: [scheduler.NumPriorities]scheduler.Rate{1: 2000}}
			if diff := cmp.Diff(want, config.Accounts["a"]); diff != "" || len(config.Accounts) != 1 {
				t.Errorf("accounts (-want +got):\n%s", diff)
			}
			if balances["a"] != (scheduler.Balance{1: scheduler.WorkerSeconds(7200)}) {
				t.Errorf("balances are %v", balances)
			}
			if f.Policy.Name != c.want || config.BurstCover != c.cover {
				t.Errorf("%s with a burst cover of %v", f.Policy.Name, config.BurstCover)
			}
		})
	}
}

// Groups and built-in rules choose from the accounts, and share the workers, that they are given.
func TestPolicySettings(t *testing.T) {
	ids := []scheduler.AccountID{"team-b", "team-a", "x"}
	for _, c := range []struct {
		text string
		want map[scheduler.AccountID]scheduler.Rate // at p1
	}{
		{"groups: [{match: team-*, share: {p1: 3}}]",
			map[scheduler.AccountID]scheduler.Rate{"team-a": 1500, "team-b": 1500}},
		{"builtin: fair", map[scheduler.AccountID]scheduler.Rate{"team-a": 2000, "team-b": 2000,
			"x": 2000}},
		{"builtin: fifo", map[scheduler.AccountID]scheduler.Rate{}},
	} {
		f, err := experiment.ParsePolicy("p.yaml", []byte(c.text), "")
		if err != nil {
			t.Fatal(err)
		}
		config, _ := f.Settings(ids, 6)
		got := map[scheduler.AccountID]scheduler.Rate{}
		for id, a := range config.Accounts {
			got[id] = a.ChargeRate[1]
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: rates (-want +got):\n%s", c.text, diff)
		}
		if config.DisablePreemption != (c.text == "builtin: fifo") {
			t.Errorf("%s: preemption is disabled: %v", c.text, config.DisablePreemption)
		}
	}
}

// Every mistake is found, where it stands.
func TestParsePolicyRefuses(t *testing.T) {
	for _, c := range []struct{ text, choose, want string }{
		{"", "", "p.yaml"},
		{"[1]", "", "p.yaml:1:1: is a list, want a mapping"},
		{"accounts: {a: {rate: 1}}", "", `p.yaml:1:16: accounts.a: unknown field "rate"`},
		{"accounts: {a: {rates: {p1: -1}}, b: {max_fanout: -1}}", "",
			"p.yaml:1:28: accounts.a.rates.p1: -1 workers are not from 0 to 1,000,000"},
		{"accounts: {a: {rates: {p1: -1}}, b: {max_fanout: -1}}", "",
			"p.yaml:1:50: accounts.b.max_fanout: -1 is not from 0"},
		{"name: x", "", "has neither accounts nor groups"},
		{"{builtin: fifo, base: y}", "", "p.yaml:1:23: base: a policy that stands alone"},
		{"workload: {}", "", `unknown field "workload"`},
		{twoPolicies, "", "several policies, of which one must be named: one, more"},
		{twoPolicies, "x", `p.yaml has no policy "x"; there are: one, more`},
		{twoPolicies + "bad: 1\n", "one", `unknown field "bad"`},
	} {
		f, err := experiment.ParsePolicy("p.yaml", []byte(c.text), c.choose)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %+v, %v, want %s", c.text, f, err, c.want)
		}
	}
}

// Whatever is read, there is a policy that a scheduler takes, or an error.
func FuzzParsePolicy(f *testing.F) {
	for _, text := range []string{"", "builtin: fair", twoPolicies,
		"groups: [{match: '*', share: {p1: 3}, each: {max_fanout: 2, label_limits: {pool: 3}}}]",
		"accounts: {a: {rates: {p1: 2}, balance: {p0: -3}}}\nscheduler: {burst_cover: 0s}"} {
		f.Add([]byte(text), "one")
	}
	f.Fuzz(func(t *testing.T, text []byte, choose string) {
		file, err := experiment.ParsePolicy("p.yaml", text, choose)
		if err != nil {
			return
		}
		config, balances := file.Settings([]scheduler.AccountID{"a", "b"}, 3)
		if err := config.Validate(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if len(balances) != len(config.Accounts) {
			t.Errorf("%q: %d balances of %d accounts", text, len(balances), len(config.Accounts))
		}
	})
}

// A policy says how much work may be lost, for all levels or for each; none is the least limit.
func TestLimitsOfLostWork(t *testing.T) {
	second := time.Second
	for text, want := range map[string]scheduler.Config{
		"{}": {MaxLostWork: sameAtAll(10 * time.Minute), OwedAfter: 10 * time.Minute},
		"{max_lost_work: 1s, owed_after: -1s}": {MaxLostWork: sameAtAll(second),
			OwedAfter: -second},
		"{max_lost_work: 0s, owed_after: 0s}": {MaxLostWork: sameAtAll(1), OwedAfter: 1},
		"{max_lost_work: {p0: -1s, p4: 1m}}": {OwedAfter: 10 * time.Minute,
			MaxLostWork: [scheduler.NumPriorities]time.Duration{-second, 10 * time.Minute,
				10 * time.Minute, 10 * time.Minute, time.Minute}},
	} {
		f, err := experiment.ParsePolicy("p.yaml", []byte("accounts: {a: {safe_after: 5m}}\n"+
			"scheduler: "+text), "")
		require.NoError(t, err, text)
		config, _ := f.Settings(nil, 0)
		require.Equal(t, want.MaxLostWork, config.MaxLostWork, text)
		require.Equal(t, want.OwedAfter, config.OwedAfter, text)
		require.Equal(t, 5*time.Minute, config.Accounts["a"].SafeAfter, text)
	}
	_, err := experiment.ParsePolicy("p.yaml",
		[]byte("{accounts: {}, scheduler: {max_lost_work: {p7: 1s}}}"), "")
	require.ErrorContains(t, err, "p7")
}

func sameAtAll(d time.Duration) (out [scheduler.NumPriorities]time.Duration) {
	for p := range out {
		out[p] = d
	}
	return out
}
