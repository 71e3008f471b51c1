package pool

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// ErrDropsRunning is a reconfiguration that drops accounts which have tasks on workers.
var ErrDropsRunning = errors.New("accounts with running tasks would be dropped")

// Reconfigure returns the snapshot of the same pool under other settings and accounts, those of c
// alone. An account that stays keeps all but its settings: its balance, also where that is above
// its new cap, what its ended runs owe, and its suspension. One that is new begins with what
// initial has for it, else with nothing; what initial has for an account that stays does not count.
// Requests that wait for an account that is dropped are free from then on, as those of any unknown
// account. Nothing else changes, and the snapshot that was passed in does not.
//
// The error is ErrDropsRunning, with each account and how many tasks it has on workers;
// scheduler.ErrInvalidSnapshot or scheduler.ErrInvalidConfig, with the field; or
// scheduler.ErrUnknownAccount for an account of initial that is not in c.Accounts. It costs about
// as much as to restore the snapshot.
func Reconfigure(snapshot *protos.Pool, c *scheduler.Config,
	initial map[scheduler.AccountID]scheduler.Balance) (*protos.Pool, error) {
	old, err := Restore(snapshot)
	if err != nil {
		return nil, err
	}
	result := old.Snapshot()
	now := result.GetScheduler().GetLastUpdateTime().AsTime()
	// The accounts are taken from a scheduler that has nothing else, as that checks them.
	fresh, err := scheduler.NewWithConfig(now, c)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(initial)) {
		account, ok := c.Accounts[id]
		if !ok {
			return nil, fmt.Errorf("%w: %s has an initial balance", scheduler.ErrUnknownAccount,
				check.Quote(id))
		}
		if err := fresh.AddAccount(id, account, initial[id]); err != nil {
			return nil, err
		}
	}
	if err := checkDropped(result.GetScheduler(), c); err != nil {
		return nil, err
	}
	stay := map[string]*protos.Account{}
	for _, a := range result.GetScheduler().GetAccounts() {
		stay[a.GetId()] = a
	}
	settings := fresh.ToProto()
	for i, a := range settings.GetAccounts() {
		if s := stay[a.GetId()]; s != nil {
			s.Config = a.GetConfig()
			settings.Accounts[i] = s
		}
	}
	result.Scheduler.Config = settings.GetConfig()
	result.Scheduler.Accounts = settings.GetAccounts()
	return result, nil
}

// checkDropped returns an error if an account that is not in c has a task on a worker.
func checkDropped(s *protos.Scheduler, c *scheduler.Config) error {
	tasks := map[string]int{}
	for _, w := range s.GetWorkers() {
		if n := w.GetRun().GetRequest().GetContent().GetAccount(); n > 0 {
			tasks[s.GetAccountIds()[n-1]]++
		}
	}
	var dropped []string
	for _, a := range s.GetAccounts() {
		n := tasks[a.GetId()]
		if _, stays := c.Accounts[scheduler.AccountID(a.GetId())]; n > 0 && !stays {
			dropped = append(dropped, fmt.Sprintf("%s has %d", check.Quote(a.GetId()), n))
		}
	}
	if len(dropped) > 0 {
		return fmt.Errorf("%w: %s", ErrDropsRunning, strings.Join(dropped, ", "))
	}
	return nil
}
