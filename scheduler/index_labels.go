package scheduler

import (
	"math/bits"
	"slices"
	"strings"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/internal/slotset"
)

// A label is an interned label: it exists while a label set in use has it.
type label struct {
	classes slotset.Set // the worker classes that have it; first, as passes look at nothing else
	demands filed       // the demands that are filed under it; see index_bucket.go
	id      uint32
	name    string
	refs    int // the label sets that have it

	limitedBy []*account // accounts that have it in their limits, or had
}

// A labelSet is an interned set of labels: equal sets are one object. It exists while something
// refers to it; the empty set always does.
type labelSet struct {
	ids    []uint32 // sorted
	refs   int
	next   *labelSet    // another set with the same hash
	class  *workerClass // the workers with these labels; nil if there are none
	demand *demand      // one with these base labels; nil if that is gone, or there are none
}

// A smallSet is the memory of a label set with few labels, and of these.
type smallSet struct {
	set labelSet
	ids [6]uint32
}

// newSet returns a set with the ids, which are copied.
func newSet(ids []uint32) *labelSet {
	if m := (&smallSet{}); len(ids) <= len(m.ids) {
		m.set.ids = m.ids[:copy(m.ids[:], ids)]
		return &m.set
	}
	return &labelSet{ids: slices.Clone(ids)}
}

// A labelTable interns labels and label sets.
type labelTable struct {
	byName map[string]*label
	byID   []*label // nil where an id is free, and for noLabel
	free   []uint32 // ids to use again
	sets   map[uint64]*labelSet
	found  lookup                 // memory of intern
	bits   []uint64               // by label id; see sortIDs
	marks  []bool                 // by label id; see mark
	sorted map[*labelSet][]string // cache: the names of sets, sorted

	empty *labelSet
}

// noLabel is the id of no label: sets do not have it, but it is always marked.
const noLabel = 0

func newLabelTable() *labelTable {
	t := &labelTable{
		marks:  []bool{noLabel: true},
		sorted: map[*labelSet][]string{},
		empty:  &labelSet{refs: 1},
	}
	t.reserve(0, 0)
	return t
}

// reserve makes an empty table ready for so many labels and label sets.
func (t *labelTable) reserve(labels, sets int) {
	t.byName = make(map[string]*label, labels)
	t.byID = make([]*label, noLabel+1, noLabel+1+labels)
	t.sets = make(map[uint64]*labelSet, 1+sets)
	t.sets[hashIDs(nil)] = t.empty
}

// intern returns the set of the names, which may repeat, with one more reference.
func (t *labelTable) intern(names []string) *labelSet {
	t.found.ids, t.found.unknown = t.found.ids[:0], names
	return t.internFound(&t.found)
}

// A lookup is what a table knows of some names: the ids of those that are labels, and the rest. It
// is to be interned before any of these labels goes. Used again, it keeps its memory.
type lookup struct {
	ids     []uint32
	unknown []string
}

// lookUp looks names up, which may repeat, and returns an error unless they are UTF-8, as labels
// are known to be.
func (t *labelTable) lookUp(found *lookup, what string, names []string) error {
	found.ids, found.unknown = found.ids[:0], nil
	for i, name := range names {
		if l := t.byName[name]; l != nil {
			found.ids = append(found.ids, l.id)
			continue
		}
		if err := checkTexts(what, names[i:i+1]); err != nil {
			return err
		}
		found.unknown = append(found.unknown, name)
	}
	return nil
}

// internFound is intern for names that were looked up.
func (t *labelTable) internFound(names *lookup) *labelSet {
	for _, name := range names.unknown {
		names.ids = append(names.ids, t.label(name).id)
	}
	names.unknown = nil // they are the caller's
	if len(names.ids) == 0 {
		t.empty.refs++
		return t.empty
	}
	names.ids = t.sortIDs(names.ids)
	return t.set(names.ids)
}

// internAs is intern, made for names that mostly are those of a set: then none is sorted.
func (t *labelTable) internAs(s *labelSet, names []string) *labelSet {
	if !t.lists(s, names) {
		return t.intern(names)
	}
	s.refs++
	return s
}

// lists reports whether names, in any order, are those of a set, each of them once.
func (t *labelTable) lists(s *labelSet, names []string) bool {
	if len(names) != len(s.ids) {
		return false
	}
	marks := t.mark(s)
	defer t.unmark(s)
	for _, name := range names {
		l := t.byName[name]
		if l == nil || !marks[l.id] { // another one, or one of them again
			return false
		}
		marks[l.id] = false
	}
	return true
}

// equals reports whether names are those of a set.
func (t *labelTable) equals(s *labelSet, names stringset.Set) bool {
	if len(names) != len(s.ids) {
		return false
	}
	for _, id := range s.ids {
		if !names.Has(t.byID[id].name) {
			return false
		}
	}
	return true
}

// mark marks the labels of a set, until unmark. It returns the marks by label id.
func (t *labelTable) mark(s *labelSet) []bool {
	if n := len(t.byID) - len(t.marks); n > 0 {
		t.marks = append(t.marks, make([]bool, n)...)
	}
	for _, id := range s.ids {
		t.marks[id] = true
	}
	return t.marks
}

func (t *labelTable) unmark(s *labelSet) {
	for _, id := range s.ids {
		t.marks[id] = false
	}
}

// union returns the union of two sets, with one more reference.
func (t *labelTable) union(a, b *labelSet) *labelSet {
	t.found.ids = t.sortIDs(append(append(t.found.ids[:0], a.ids...), b.ids...))
	return t.set(t.found.ids)
}

// sortByBitsFrom is how many ids are many for sortIDs.
const sortByBitsFrom = 16

// sortIDs sorts ids of labels, and drops repetitions. As ids are small, many of them are faster
// written into a bitmap, and read from it in order, than compared with each other.
func (t *labelTable) sortIDs(ids []uint32) []uint32 {
	words := (len(t.byID) + 63) / 64
	if len(ids) < sortByBitsFrom || words > len(ids) {
		slices.Sort(ids)
		return slices.Compact(ids)
	}
	if n := words - len(t.bits); n > 0 {
		t.bits = append(t.bits, make([]uint64, n)...)
	}
	for _, id := range ids {
		t.bits[id/64] |= 1 << (id % 64)
	}
	ids = ids[:0]
	for i, word := range t.bits[:words] {
		for ; word != 0; word &= word - 1 {
			ids = append(ids, uint32(i*64+bits.TrailingZeros64(word)))
		}
		t.bits[i] = 0
	}
	return ids
}

// set returns the set of the ids, which must be sorted, with one more reference. Labels that are
// not in any set must be among the ids, or they would stay for ever.
func (t *labelTable) set(ids []uint32) *labelSet {
	h := hashIDs(ids)
	others := t.sets[h]
	for s := others; s != nil; s = s.next {
		if slices.Equal(s.ids, ids) {
			s.refs++
			return s
		}
	}
	s := newSet(ids)
	t.add(s, h, others)
	return s
}

// add adds a set that is not there, with one reference; h is the hash of its ids, which the others
// have too.
func (t *labelTable) add(s *labelSet, h uint64, others *labelSet) {
	s.refs, s.next = 1, others
	t.sets[h] = s
	for _, id := range s.ids {
		t.byID[id].refs++
	}
}

// release gives one reference back.
func (t *labelTable) release(s *labelSet) {
	if s.refs--; s.refs > 0 {
		return
	}
	h := hashIDs(s.ids)
	if t.sets[h] == s {
		if s.next == nil {
			delete(t.sets, h)
		} else {
			t.sets[h] = s.next
		}
	} else {
		p := t.sets[h]
		for p.next != s {
			p = p.next
		}
		p.next = s.next
	}
	delete(t.sorted, s)
	for _, id := range s.ids {
		l := t.byID[id]
		l.refs--
		t.dropUnused(l)
	}
}

// dropUnused forgets a label if no set has it.
func (t *labelTable) dropUnused(l *label) {
	if l.refs == 0 {
		forgetLabel(l)
		delete(t.byName, l.name)
		t.byID[l.id] = nil
		t.free = append(t.free, l.id)
	}
}

// label returns the label of that name, which is new if there is none.
func (t *labelTable) label(name string) *label {
	if l := t.byName[name]; l != nil {
		return l
	}
	l := &label{name: strings.Clone(name)} // the caller's may be part of something large
	if n := len(t.free); n > 0 {
		l.id = t.free[n-1]
		t.free = t.free[:n-1]
		t.byID[l.id] = l
	} else {
		l.id = uint32(len(t.byID))
		t.byID = append(t.byID, l)
	}
	t.byName[name] = l
	return l
}

// names returns the labels of a set, sorted by name, in memory that the caller owns. It only reads,
// as questions do that may be asked several at a time.
func (t *labelTable) names(s *labelSet) []string {
	if known := t.sorted[s]; known != nil {
		return slices.Clone(known)
	}
	if len(s.ids) == 0 {
		return nil
	}
	names := make([]string, len(s.ids))
	for i, id := range s.ids {
		names[i] = t.byID[id].name
	}
	slices.Sort(names)
	return names
}

// sortedMax bounds how many label sets are kept as sorted names. Sorting costs more than all else
// that it takes to speak of a set, and most talk is of few sets.
const sortedMax = 1024

// sortedNames returns what names does, in memory that nobody may write to, and keeps it.
func (t *labelTable) sortedNames(s *labelSet) []string {
	if len(s.ids) == 0 {
		return nil
	}
	known := t.sorted[s]
	if known == nil {
		if len(t.sorted) == sortedMax {
			clear(t.sorted)
		}
		known = t.names(s)
		t.sorted[s] = known
	}
	return known
}

// amongMax bounds how many names are compared with each other before a map of them pays off.
const amongMax = 4096

// among reports whether all labels of a set are among names, which are in any order.
func (t *labelTable) among(s *labelSet, names []string) bool {
	has := func(name string) bool { return slices.Contains(names, name) }
	if len(s.ids)*len(names) > amongMax {
		has = stringset.NewFromSlice(names...).Has
	}
	for _, id := range s.ids {
		if !has(t.byID[id].name) {
			return false
		}
	}
	return true
}

// within reports whether all labels of a are in b.
func (a *labelSet) within(b *labelSet) bool {
	if a == b || len(a.ids) == 0 {
		return true
	}
	if len(a.ids) > len(b.ids) {
		return false
	}
	rest := b.ids
	for _, id := range a.ids {
		i, ok := slices.BinarySearch(rest, id)
		if !ok {
			return false
		}
		rest = rest[i+1:]
	}
	return true
}

// hashIDs is FNV-1a over the ids, with a last mix.
func hashIDs(ids []uint32) uint64 {
	h := uint64(14695981039346656037)
	for _, id := range ids {
		h = (h ^ uint64(id)) * 1099511628211
	}
	h ^= h >> 32
	return h * 0x9e3779b97f4a7c15
}
