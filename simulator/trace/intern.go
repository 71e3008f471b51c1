package trace

import (
	"slices"
	"strings"
)

// interner keeps one copy of each text and of each list of texts, so that a million submissions do
// not hold a million copies. Its lists are shared, and must not be changed.
type interner struct {
	texts map[string]string
	lists map[string][]string
}

func newInterner() interner {
	return interner{texts: map[string]string{}, lists: map[string][]string{}}
}

// text returns the copy of a text. Bytes that are not UTF-8 become U+FFFD, as in JSON, so that a
// native log can hold every text.
func (n *interner) text(b []byte) string {
	if s, ok := n.texts[string(b)]; ok {
		return s
	}
	s := strings.ToValidUTF8(string(b), "\uFFFD")
	n.texts[string(b)] = s
	return s
}

// list returns the copy of a list; nil for an empty one.
func (n *interner) list(texts []string) []string {
	if len(texts) == 0 {
		return nil
	}
	key := strings.Join(texts, "\x00")
	if l := n.lists[key]; slices.Equal(l, texts) { // a text may have a zero in it, too
		return l
	}
	l := slices.Clone(texts)
	n.lists[key] = l
	return l
}
