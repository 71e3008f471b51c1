package scheduler

import (
	"slices"

	"github.com/quotasched/quotasched/internal/slotset"
)

// What the index has found is kept while it is little: with a class the matched demands that it can
// run, and with a demand the classes that can run it, each with the serial number up to which it
// has looked.

// knownDemandsMax is how many demands a class keeps. One with more has them found anew each time,
// which then costs no more than going through them.
const knownDemandsMax = 256

// knownDemands keeps the matched demands that a class can run, while they are few.
type knownDemands struct {
	list  []*demand
	until uint64 // the newest serial that was tested
	many  bool   // they are too many to be kept
}

func (a *knownDemands) refresh(x *index, class *workerClass) {
	if a.many || a.until == x.serial {
		return
	}
	a.list = slices.DeleteFunc(a.list, func(demand *demand) bool { return demand.gone })
	few := x.walkNewlyMatched(class, a.until, func(demand *demand) bool {
		a.list = append(a.list, demand)
		return len(a.list) <= knownDemandsMax
	})
	if a.until = x.serial; !few {
		*a = knownDemands{many: true}
	}
}

// knownClassesMax is how many classes a demand keeps, and knownClassesFrom how many there must be
// for that: the sets of fewer are a few words each, and intersected as fast.
const (
	knownClassesMax  = 2
	knownClassesFrom = 256
)

// knownClasses keeps the classes that can run a demand, while they are few. Some may have gone:
// then their slots are free, or another class has come, and they are found anew.
type knownClasses struct {
	list  []*workerClass
	until uint64 // the newest serial that was tested
	many  bool   // they are too many to be kept
}

// eachKnownClass is eachClass, made for demands that are asked for again and again: from the second
// time on their classes are known.
func (x *index) eachKnownClass(demand *demand, among *slotset.Set, f func(*workerClass) bool) {
	if !demand.asked || x.all.Len() < knownClassesFrom {
		demand.asked = true
		x.eachClass(demand, among, f)
		return
	}
	if demand.classes == nil {
		demand.classes = &knownClasses{}
	}
	known := demand.classes
	if known.refresh(x, demand); known.many {
		x.eachClass(demand, among, f)
		return
	}
	for _, class := range known.list {
		if among.Has(class.slot) && !f(class) {
			return
		}
	}
}

func (a *knownClasses) refresh(x *index, demand *demand) {
	if a.many || a.until == x.classSerial {
		return
	}
	a.list = a.list[:0]
	x.eachClass(demand, &x.all, func(class *workerClass) bool {
		a.list = append(a.list, class)
		return len(a.list) <= knownClassesMax
	})
	if a.until = x.classSerial; len(a.list) > knownClassesMax {
		*a = knownClasses{many: true}
	}
}
