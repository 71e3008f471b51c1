package main

import (
	"testing"

	"github.com/quotasched/quotasched/protos"
)

// Every command that runs a journal again finds an outcome or a state that is another one.
func TestDifferencesAreFound(t *testing.T) {
	path := recordedSmall(t, "a.qsj", "--state-every", "10")
	policy := write(t, "new.yaml", "accounts: {web: {rates: {p0: 4}, max_charge: 1h}, ads: {}}\n")
	for what, change := range map[string]func(*protos.JournalStep){
		"outcome": func(s *protos.JournalStep) { s.OutcomeHash[0] ^= 1 },
		"state":   func(s *protos.JournalStep) { s.StateHash[0] ^= 1 },
	} {
		changed := rewritten(t, path, func(s *protos.JournalStep) {
			if s.GetNumber() == 50 {
				change(s)
			}
		})
		const differs = `^qsim: \S+changed.qsj: the replay differs from the journal`
		whole := []string{differs + `\noperation 50 at (.*\n)*expected: an? ` + what + ` with the hash`}
		short := []string{differs + ` at operation 50; without other flags, 'qsim replay' says how\n$`}
		for _, c := range []struct {
			args         []string
			stdout, want []string
		}{
			{[]string{"replay", changed}, []string{"DIFFERENT: operation 50 "},
				[]string{differs + ` at operation 50\n$`}},
			{[]string{"explain", changed}, nil, whole},
			{[]string{"forecast", changed}, nil, whole},
			{[]string{"plan", "--journal", changed, policy}, nil, short},
			{[]string{"replay", changed, "--fork", policy}, nil, short},
			{[]string{"replay", changed, "--fork", policy, "--until", "20"}, nil, short},
			{[]string{"replay", changed, "--shadow", policy}, nil, short},
		} {
			expect(t, exitBroken, c.stdout, c.want, c.args...)
		}
	}
}
