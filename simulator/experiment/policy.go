package experiment

import (
	"time"

	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/scheduler"
)

// Policy says who has what quota: by one of the built-in rules, or by accounts and groups of them.
type Policy struct {
	// Name is unique in the file.
	Name string `yaml:"name,required"`
	// Description says for people what the policy is.
	Description string `yaml:"description"`
	// Base is the name of a policy further up. This one has what that one has, but for what it
	// says itself; a null removes a field, such as an account.
	Base string `yaml:"base"`
	// Builtin is a rule that needs no accounts. fifo: all tasks are free and start in the order of
	// their submission, and nothing is preempted. fair: each account of the workload earns an equal
	// share of the workers.
	Builtin Builtin `yaml:"builtin"`
	// Level is where the accounts of the built-in policy fair earn; without it, p1.
	Level Level `yaml:"level"`
	// MaxCharge caps the balances of the built-in policy fair, as time at the rate. Without it,
	// 24h.
	MaxCharge time.Duration `yaml:"max_charge,nonzero"`
	// Accounts are those of the policy. Requests of other accounts are free.
	Accounts map[scheduler.AccountID]*Account `yaml:"accounts"`
	// Groups give settings to those accounts of the workload that Accounts does not name. The
	// first group that matches an account has it.
	Groups []Group `yaml:"groups"`
	// Scheduler has the settings of the pool.
	Scheduler Scheduler `yaml:"scheduler"`
	// Retry lets a task that is preempted, or whose worker dies, wait again and run from its
	// beginning; else it ends there.
	Retry bool `yaml:"retry"`
}

// SetDefaults implements yamltree.Defaulter.
func (p *Policy) SetDefaults() {
	p.Retry = true
	p.Scheduler = Scheduler{
		WorkerExpiration:  scheduler.DefaultWorkerExpiration,
		ProvisionPatience: scheduler.DefaultProvisionPatience,
		OwedAfter:         scheduler.DefaultOwedAfter,
		MaxLostWork:       LostWork{lostWorkOf(scheduler.DefaultMaxLostWork)},
		PromoteThreshold:  float64(scheduler.DefaultPromoteThreshold / worker1Second),
		DemoteThreshold:   float64(scheduler.DefaultDemoteThreshold / worker1Second),
	}
}

// worker1Second is one worker for one second.
const worker1Second scheduler.Quota = 1_000_000

// Builtin is a rule that makes a policy.
type Builtin string

// The built-in policies.
const (
	// FIFO has no accounts and no preemption: first come, first served.
	FIFO Builtin = "fifo"
	// Fair gives each account of the workload an equal share of the fleet.
	Fair Builtin = "fair"
)

// Level is a priority level, p0 the best.
type Level string

// The levels.
const (
	LevelP0 Level = "p0"
	LevelP1 Level = "p1"
	LevelP2 Level = "p2"
	LevelP3 Level = "p3"
	LevelP4 Level = "p4"
)

// levels are all of them, in order of priority.
var levels = [scheduler.NumPriorities]Level{LevelP0, LevelP1, LevelP2, LevelP3, LevelP4}

// Levels has a number for each level: workers in rates and shares, worker-seconds in balances.
type Levels struct {
	// P0 is the number of the best level.
	P0 float64 `yaml:"p0"`
	// P1 is the number of the second level.
	P1 float64 `yaml:"p1"`
	// P2 is the number of the third level.
	P2 float64 `yaml:"p2"`
	// P3 is the number of the fourth level.
	P3 float64 `yaml:"p3"`
	// P4 is the number of the last level that is paid for.
	P4 float64 `yaml:"p4"`
}

// list returns the numbers in order of priority.
func (l *Levels) list() [scheduler.NumPriorities]float64 {
	return [...]float64{l.P0, l.P1, l.P2, l.P3, l.P4}
}

// Account has the settings of an account.
type Account struct {
	// Rates is what the account earns at each level, in workers, from 0 to 1,000,000.
	Rates Levels `yaml:"rates"`
	// MaxCharge caps each balance at what its rate earns in that time.
	MaxCharge time.Duration `yaml:"max_charge"`
	// MaxFanout is how many paid tasks with the same labels may run at once; 0 means no limit.
	MaxFanout int `yaml:"max_fanout"`
	// LabelLimits has, for a label key, how many tasks may run at once on workers with the same
	// label key:value, free ones included; 0 means no limit.
	LabelLimits map[string]int `yaml:"label_limits"`
	// FreeTasks lets tasks run free of charge, on workers that are left over, when the account
	// cannot pay.
	FreeTasks bool `yaml:"free_tasks"`
	// Balance is what the account has at the start: full, which is at the cap, empty, or
	// worker-seconds for each level.
	Balance Balance `yaml:"balance"`
	// SafeAfter takes the place of the pool's max_lost_work for the tasks of the account: with more
	// work at stake than this none is preempted; negative means that nothing protects them. Without
	// it, max_lost_work says.
	SafeAfter *time.Duration `yaml:"safe_after"`
	// Description is for people.
	Description string `yaml:"description"`
}

// SetDefaults implements yamltree.Defaulter.
func (a *Account) SetDefaults() {
	a.MaxCharge = defaultMaxCharge
	a.FreeTasks = true
	a.Balance.Full = true
}

// defaultMaxCharge caps balances where the file says nothing.
const defaultMaxCharge = 24 * time.Hour

// Balance is what an account has at the start.
type Balance struct {
	// Full is true if each balance is at its cap.
	Full bool
	// Seconds has the balances in worker-seconds if they are not full.
	Seconds Levels
}

// UnmarshalTree implements yamltree.Unmarshaler.
func (b *Balance) UnmarshalTree(n *yamltree.Node, d *yamltree.Decoder) {
	*b = Balance{}
	switch {
	case n.Kind == yamltree.Mapping:
		d.Decode(n, &b.Seconds)
	case n.Kind == yamltree.Text && n.Text == "full":
		b.Full = true
	case n.Kind == yamltree.Text && n.Text == "empty":
	default:
		d.Wrong(n, "want full, empty, or worker-seconds by level such as {p0: 3600}")
	}
}

// JSONSchema implements yamltree.Schemer.
func (*Balance) JSONSchema() (schema, words string) {
	return `{"anyOf": [{"enum": ["full", "empty"]}, {"$ref": "#/$defs/Levels"}], "default": "full"}`,
		"`full` (the default), `empty`, or [Levels](#levels)"
}

// Group gives settings to all accounts that match.
type Group struct {
	// Match is what the ids of its accounts look like: * stands for any text, ? for any character.
	Match string `yaml:"match,required"`
	// Share is divided equally among the accounts that match: for each level, the rate of all of
	// them together, in workers. It takes the place of each.rates.
	Share *Levels `yaml:"share"`
	// Each has the settings that every account of the group gets.
	Each *Account `yaml:"each"`
}

// Scheduler has the settings of the pool.
type Scheduler struct {
	// DisablePreemption keeps requests from taking the workers of running tasks; fifo does so by
	// itself.
	DisablePreemption bool `yaml:"disable_preemption"`
	// WorkerExpiration is how long an idle worker is kept without news of it.
	WorkerExpiration time.Duration `yaml:"worker_expiration"`
	// RequestExpiration is how long after its submission a waiting request leaves the pool without
	// having run; 0 means never.
	RequestExpiration time.Duration `yaml:"request_expiration"`
	// ProvisionPatience is how long a request leaves workers that have its provisionable labels
	// to younger requests while it finds none for itself; negative means endlessly.
	ProvisionPatience time.Duration `yaml:"provision_patience"`
	// BurstCover is how long each run beyond the account's rate must be payable when it starts; 0s
	// means that any positive balance starts any number of runs. Without it: 10m for a workload,
	// and 1h for a trace, whose tasks are long.
	BurstCover *time.Duration `yaml:"burst_cover"`
	// MaxLostWork is how much work of another request a request may destroy by preemption, in all
	// the tries of that request: a duration for all levels, or one for each; 0s protects all tasks
	// that have started, and a negative one is no limit.
	MaxLostWork LostWork `yaml:"max_lost_work"`
	// OwedAfter is how long a request of an account with a full bucket, which runs less than its
	// rate, waits at most for the worker of a free task, whatever protects that; negative means
	// for ever.
	OwedAfter time.Duration `yaml:"owed_after"`
	// PromoteThreshold is the balance above which running tasks are promoted, in worker-seconds;
	// not negative.
	PromoteThreshold float64 `yaml:"promote_threshold"`
	// DemoteThreshold is the balance below which running tasks are demoted, in worker-seconds;
	// not positive.
	DemoteThreshold float64 `yaml:"demote_threshold"`
}
