package scheduler

// The rules of preemption that depend on the accounts alone, as pure functions of them.

// isBarred reports whether the account owns a run at a worse level than p while its runs at p
// number at least its rate: it should promote before it takes from others, and cannot.
func (a *account) isBarred(p Priority) bool {
	return a.runsBelow(p) > 0 && a.beyondRate(p) >= 0
}

// canPay reports whether the account can pay a preemption cost at level p: in full at every better
// level, where a debt counts as nothing, and from p down in lexicographic order, with debts.
func (a *account) canPay(cost *Balance, p Priority) bool {
	for q := range p {
		if cost[q] > max(0, a.balance[q]) {
			return false
		}
	}
	for q := p; q < NumPriorities; q++ {
		if cost[q] != a.balance[q] {
			return cost[q] < a.balance[q]
		}
	}
	return false
}

// raisesToPay returns by how much the balance at each level would have to grow, at least, for
// canPay to compare something else than it does; 0 where nothing would change.
func (a *account) raisesToPay(cost *Balance, p Priority) (raises Balance) {
	for q := range p {
		if cost[q] > max(0, a.balance[q]) {
			raises[q] = cost[q] - a.balance[q]
			return raises
		}
	}
	for q := p; q < NumPriorities; q++ {
		if more := cost[q] - a.balance[q]; more != 0 {
			raises[q] = max(0, more)
			return raises
		}
		raises[q] = 1
	}
	return raises
}

// raisesFromDebt returns by how much the balance at each level better than p would have to grow, at
// least, for paysInOrder to compare something else than it does; 0 where nothing would change.
func (a *account) raisesFromDebt(p Priority) (raises Balance) {
	for q := range p {
		if a.balance[q] > 0 {
			break
		}
		raises[q] = 1 - a.balance[q]
	}
	return raises
}

// paysInOrder reports whether what the account cannot pay at level p tells that it cannot pay
// anything dearer in lexicographic order either: it has nothing at the better levels.
func (a *account) paysInOrder(p Priority) bool {
	for q := range p {
		if a.balance[q] > 0 {
			return false
		}
	}
	return true
}
