package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/scheduler"
)

// Names are cut in the middle, without what all ids begin with, and no two become the same.
func TestAccountLabels(t *testing.T) {
	for _, c := range []struct {
		ids    []scheduler.AccountID
		prefix string
		short  []string
	}{
		{[]scheduler.AccountID{"group-1", "group-2"}, "", []string{"group-1", "group-2"}},
		{[]scheduler.AccountID{"projects/lab/vision", "projects/lab/nlp", ""}, "projects/lab/",
			[]string{"vision", "nlp", "(no account)"}},
		{[]scheduler.AccountID{"projects/lab/2024", "projects/lab/2025"}, "",
			[]string{"project…b/2024", "project…b/2025"}},
		{[]scheduler.AccountID{"team-alpha-of-the-north", "team-alpha-of-the-south"},
			"team-alpha-of-the-", []string{"north", "south"}},
		{[]scheduler.AccountID{"abcdefgh-one-xyzxyzxyz", "abcdefgh-two-xyzxyzxyz"}, "abcdefgh-",
			[]string{"one-xyzxyzxyz", "two-xyzxyzxyz"}},
		{[]scheduler.AccountID{"abcdefghijkl.1.mnopqrstuvwx", "abcdefghijkl.2.mnopqrstuvwx"},
			"abcdefghijkl.", []string{"1.mnopqrstuvwx", "2.mnopqrstuvwx"}},
		{[]scheduler.AccountID{"abcdefghijklmn1opqrstuvwxy", "abcdefghijklmn2opqrstuvwxy"}, "",
			[]string{"a…1opqrstuvwxy", "a…2opqrstuvwxy"}},
		{[]scheduler.AccountID{"abcdefghijklmn1opqrstuvwxyzabc", "abcdefghijklmn2opqrstuvwxyzabc"}, "",
			[]string{"abcde…zabc", "abcde…zabc#2"}},
	} {
		l := newAccountLabels(c.ids)
		require.Equal(t, c.prefix, l.prefix)
		var short []string
		for _, id := range c.ids {
			short = append(short, l.short[id])
		}
		require.Equal(t, c.short, short)
	}
}
