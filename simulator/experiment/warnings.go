package experiment

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// warn notes what may be a mistake in how the first workload, its fleet and the policies fit
// together.
func (e *Experiment) warn(ctx context.Context) error {
	first := e.loader.first
	if first.Malformed > 0 {
		e.Warnings = append(e.Warnings, "malformed lines skipped: "+words.Number(first.Malformed))
	}
	e.Warnings = append(e.Warnings, first.Warnings...)
	fleet, err := e.loader.fleet(ctx, e.variants[0].file(), first.Workload)
	if err != nil {
		return err
	}
	e.impossible = Impossible{All: first.requests,
		Reasons: simulator.FindImpossible(first.Workload.Submissions, fleet)}
	for i := range e.impossible.Reasons {
		e.impossible.Requests += e.impossible.Reasons[i].Requests
	}
	if e.impossible.TooMuch() {
		e.Warnings = append(e.impossible.warnings(), e.Warnings...)
	} else {
		e.Warnings = append(e.Warnings, e.impossible.warnings()...)
	}
	for i := range e.File.Policies {
		p := &e.File.Policies[i]
		if !slices.ContainsFunc(e.variants, func(v *variant) bool { return v.policy == i }) {
			continue
		}
		for _, w := range p.warnings(first.accounts) {
			e.Warnings = append(e.Warnings, fmt.Sprintf("policy %q: %s", p.Name, w))
		}
	}
	return nil
}

// warnings say where a policy and the accounts of a workload do not fit.
func (p *Policy) warnings(accounts []scheduler.AccountID) []string {
	switch {
	case p.Builtin == Fair && len(accounts) == 0:
		return []string{"the workload has no accounts that could have shares, so all tasks are free"}
	case p.Builtin != "":
		return nil
	}
	var warnings []string
	submit := map[scheduler.AccountID]bool{}
	for _, id := range accounts {
		submit[id] = true
	}
	var idle, free []scheduler.AccountID
	for _, id := range sortedIDs(p.Accounts) {
		if !submit[id] {
			idle = append(idle, id)
		}
	}
	has := map[scheduler.AccountID]bool{}
	for i, ids := range p.members(accounts) {
		if len(ids) == 0 {
			warnings = append(warnings, fmt.Sprintf("group %q matches no account that is left",
				p.Groups[i].Match))
		}
		for _, id := range ids {
			has[id] = true
		}
	}
	for _, id := range accounts {
		if _, named := p.Accounts[id]; !named && !has[id] {
			free = append(free, id)
		}
	}
	if len(idle) > 0 {
		warnings = append(warnings, "accounts without requests: "+some(idle))
	}
	if len(free) > 0 {
		warnings = append(warnings,
			"accounts of the workload without quota, whose tasks are all free: "+some(free))
	}
	return warnings
}

// some lists the first of many accounts.
func some(ids []scheduler.AccountID) string {
	const most = 5
	var names []string
	for i, id := range ids {
		if i == most {
			names = append(names, "and "+words.Number(len(ids)-most)+" more")
			break
		}
		names = append(names, fmt.Sprintf("%q", id))
	}
	return strings.Join(names, ", ")
}
