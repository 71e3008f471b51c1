package scheduler

import (
	"slices"

	"github.com/quotasched/quotasched/internal/check"
)

// readTables reads the account ids, labels and label sets.
func (rd *snapshotReader) readTables() error {
	last := ""
	for i, id := range rd.from.tables.GetAccountIds() {
		if err := readID(snapshotPlace{list: "account_ids", index: i}, id, &last); err != nil {
			return err
		}
	}
	rd.accounts = make([]*account, 1+len(rd.from.tables.GetAccountIds()))
	labels := rd.from.tables.GetLabels()
	for i, name := range labels {
		where := snapshotPlace{list: "labels", index: i}
		if err := checkTexts("label", labels[i:i+1]); err != nil {
			return bad(where, "%v", err)
		}
		if i > 0 && labels[i-1] >= name {
			return bad(where, "%s is not in order, or there twice", check.Quote(name))
		}
	}
	return rd.readSets()
}

// readSets reads the label sets. All labels are interned in the order of their numbers, so that the
// id of each is one more than its number; those that are in no set do not stay.
func (rd *snapshotReader) readSets() error {
	t := rd.s.labels
	t.reserve(len(rd.from.tables.GetLabels()), rd.from.setsCount)
	for _, name := range rd.from.tables.GetLabels() {
		t.label(name)
	}
	rd.sets = make([]*labelSet, 1, 1+rd.from.setsCount)
	rd.sets[0] = t.intern(nil)
	var ids []uint32
	for p, err := range rd.from.sets {
		where := snapshotPlace{list: "label_sets", index: len(rd.sets) - 1}
		if err != nil {
			return bad(where, "%v", err)
		}
		ids = ids[:0]
		for _, number := range p.GetLabelIds() {
			ids = append(ids, number+1)
		}
		if err := rd.checkIDs(where, ids); err != nil {
			return err
		}
		set := newSet(ids)
		h := hashIDs(ids)
		t.add(set, h, t.sets[h]) // it is not there, as each is there once
		rd.sets = append(rd.sets, set)
	}
	for _, l := range t.byID[noLabel+1:] {
		t.dropUnused(l)
	}
	rd.lanes = newLanePlans(len(rd.sets))
	return nil
}

// checkIDs checks the label ids of the next label set.
func (rd *snapshotReader) checkIDs(where snapshotPlace, ids []uint32) error {
	if len(ids) == 0 {
		return bad(where, "empty")
	}
	if slices.Compare(rd.sets[len(rd.sets)-1].ids, ids) >= 0 {
		return bad(where, "not in order, or there twice")
	}
	for i, id := range ids {
		if id == noLabel || int64(id) >= int64(len(rd.s.labels.byID)) { // the greatest number comes to 0
			return bad(where.and(".label_ids"), "unknown label id %d", id-1)
		}
		if i > 0 && ids[i-1] >= id {
			return bad(where.and(".label_ids"), "label id %d is not in order, or there twice", id-1)
		}
	}
	return nil
}

func (rd *snapshotReader) checkSet(where snapshotPlace, n uint32) error {
	if int64(n) >= int64(len(rd.sets)) {
		return bad(where, "unknown label set number %d", n)
	}
	return nil
}
