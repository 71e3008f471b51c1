package scheduler

import "cmp"

// This file is the arithmetic of balances, for callers that do accounts of their own.

// Add returns the sum of two balances, level by level, saturating as all amounts do.
func (b Balance) Add(c Balance) Balance { return b.plus(c) }

// Sub returns the balance less another one, level by level, saturating.
func (b Balance) Sub(c Balance) Balance { return b.minus(c) }

// Compare returns -1, 0 or +1 as b is less than, equal to or more than c at the best level at which
// they differ.
func (b Balance) Compare(c Balance) int {
	for p := range b {
		if order := cmp.Compare(b[p], c[p]); order != 0 {
			return order
		}
	}
	return 0
}
