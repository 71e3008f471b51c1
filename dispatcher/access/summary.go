package access

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/words"
)

// Summary is what a policy says of one identity, for people.
type Summary struct {
	Name string
	// Credentials are what it can show, such as "dns:host" and "2 tokens".
	Credentials []string
	// Roles are what it may do, such as "lab: submit web, worker".
	Roles []string
	// Warnings are what is probably not meant; empty if there is nothing.
	Warnings []string
}

// Summaries returns all identities in order of name, as they are at a time.
func (p *Policy) Summaries(now time.Time) []Summary {
	var all []Summary
	for _, i := range p.identities {
		s := Summary{Name: i.name, Roles: i.roles()}
		for _, name := range slices.Sorted(maps.Keys(p.byName)) {
			if p.byName[name] == i {
				s.Credentials = append(s.Credentials, name)
			}
		}
		alive, dead := 0, 0
		for _, t := range p.tokens {
			switch {
			case t.identity != i:
			case t.invalid(now) != nil:
				dead++
			default:
				alive++
			}
		}
		if alive > 0 {
			s.Credentials = append(s.Credentials, words.Count(alive, "token"))
		}
		if dead > 0 {
			s.Warnings = append(s.Warnings, words.Count(dead, "token")+" revoked or expired")
		}
		if len(s.Credentials) == 0 {
			s.Warnings = append(s.Warnings, "nothing proves who it is")
		}
		if len(s.Roles) == 0 {
			s.Warnings = append(s.Warnings, "it may do nothing")
		}
		all = append(all, s)
	}
	return all
}

// roles says in words what an identity may do.
func (i *Identity) roles() []string {
	var all []string
	if i.operator {
		all = append(all, "operator")
	}
	for _, pool := range slices.Sorted(maps.Keys(i.pools)) {
		all = append(all, pool+": "+strings.Join(i.pools[pool].roles(), ", "))
	}
	return all
}

func (g grant) roles() []string {
	var all []string
	for _, r := range []struct {
		has  bool
		name string
	}{{g.view, "view"}, {g.worker, "worker"}, {g.mayContinue, "continue"}, {g.admin, "admin"},
		{g.anyAccounts, "submit to all"}} {
		if r.has {
			all = append(all, r.name)
		}
	}
	if len(g.accounts) > 0 {
		all = append(all, "submit to "+strings.Join(slices.Sorted(maps.Keys(g.accounts)), " "))
	}
	return all
}
