package nearest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/nearest"
)

func TestWord(t *testing.T) {
	for _, c := range []struct{ word, list, want string }{
		{"acount", "group account", "account"},
		{"pool:h100", "pool:a100 pool:H100", "pool:H100"}, // case matters least
		{"pool:h10", "pool:a100 pool:h100", "pool:h100"},
		{"load_factor", "load-factor", "load-factor"},
		{"rnu", "run plan", "run"},
		{"run", "fork plan", ""},
		{"x", "y", ""},
		{"", "a b", ""},
		{"a", "", ""},
		{strings.Repeat("x", 100), strings.Repeat("x", 99), ""},
	} {
		require.Equal(t, c.want, nearest.Word(c.word, strings.Fields(c.list)), c.word)
	}
}

// A word of the list is nearest to itself, and one that lacks a letter to the one that has it.
func TestOneLetterLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z]{4,20}`).Draw(t, "word")
		at := rapid.IntRange(0, len(word)-1).Draw(t, "at")
		require.Equal(t, word, nearest.Word(word, []string{"0123456789", word}))
		require.Equal(t, word, nearest.Word(word[:at]+word[at+1:], []string{"0123456789", word}))
	})
}
