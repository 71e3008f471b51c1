package scheduler

import (
	"math/bits"
	"slices"

	"github.com/quotasched/quotasched/internal/touches"
)

// Mostly, only a few classes have idle workers, and a pass asks for many demands which of them can
// run it. So it notes once, for each label, which of the few have it.

// fewIdle is how many classes that may be.
const fewIdle = 16

// An idleTable says which of a few idle classes have a label. It is made in a pass when it is first
// asked, and holds to its end, as no worker becomes idle meanwhile.
type idleTable struct {
	pass    uint64 // that it was made in
	classes []*workerClass
	having  []uint16 // by label id: bit i is set if the i-th class has the label
	ids     []uint32 // those with bits
}

// eachIdle calls f with the idle classes that can run a demand, until it returns false. It costs
// O(the demand's base labels) and a step for each of these classes; if many classes are idle, it is
// index.eachClass.
func (p *pass) eachIdle(demand *demand, f func(*workerClass) bool) {
	x, t := p.s.index, &p.s.idleTable
	if t.pass != p.id {
		if len(x.idle) > fewIdle {
			x.eachClass(demand, &x.idleSlots, f)
			return
		}
		t.make(x)
		t.pass = p.id
	}
	touches.Class()
	some := uint16(1)<<len(t.classes) - 1
	for _, id := range demand.base.ids {
		some &= t.having[id]
	}
	for ; some != 0; some &= some - 1 {
		class := t.classes[bits.TrailingZeros16(some)]
		if touches.Class(); class.idle.Len() > 0 && !f(class) {
			return
		}
	}
}

// make makes the table for the classes that are idle now.
func (t *idleTable) make(x *index) {
	t.clear()
	t.classes = append(t.classes, x.idle...)
	if n := len(x.labels.byID); n > len(t.having) {
		t.having = slices.Grow(t.having, n-len(t.having))[:n]
	}
	for i, class := range t.classes {
		for _, id := range class.set.ids {
			if t.having[id] == 0 {
				t.ids = append(t.ids, id)
			}
			t.having[id] |= 1 << i
		}
	}
}

// clear empties the table, and keeps its memory.
func (t *idleTable) clear() {
	t.pass = 0
	for _, id := range t.ids {
		t.having[id] = 0
	}
	clear(t.classes)
	t.classes, t.ids = t.classes[:0], t.ids[:0]
}
