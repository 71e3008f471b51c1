package simulator

import (
	"fmt"
	"hash/maphash"
	"math/bits"

	"github.com/quotasched/quotasched/scheduler"
)

// names finds submissions and requests by their ids. All are known before a run begins, so an id
// costs some 16 bytes here, and is neither added nor taken out while the run goes on, as it would
// be in a map of the requests that are outstanding.
type names struct {
	submissions []Submission
	seed        maphash.Seed
	// slots are probed from where an id's hash points to; at least a quarter of them are free.
	slots []nameSlot
}

// A nameSlot has a submission's number plus one, or is free with 0, and a part of its id's hash.
type nameSlot struct{ hash, number uint32 }

// newNames returns the names of submissions that all have ids. An error says which ids are not
// unique.
func newNames(submissions []Submission) (*names, error) {
	n := &names{
		submissions: submissions,
		seed:        maphash.MakeSeed(),
		slots:       make([]nameSlot, 1<<bits.Len(uint(len(submissions)+len(submissions)/3))),
	}
	for i := range submissions {
		id := submissions[i].ID
		at, hash := n.search(id)
		if n.slots[at].number > 0 {
			return nil, fmt.Errorf("%w: submission %q appears twice", ErrSetup, id)
		}
		n.slots[at] = nameSlot{hash, uint32(i) + 1}
	}
	for i := range submissions {
		id := submissions[i].ID
		if of, _, ok := n.split(id); ok {
			return nil, fmt.Errorf("%w: submission %q is called like a request of %q", ErrSetup, id,
				submissions[of].ID)
		}
	}
	return n, nil
}

// search returns the slot that an id has, or would have, and its hash.
func (n *names) search(id string) (at int, hash uint32) {
	h := maphash.String(n.seed, id)
	mask := len(n.slots) - 1
	hash = uint32(h >> 32)
	for at = int(h) & mask; ; at = (at + 1) & mask {
		s := n.slots[at]
		if s.number == 0 || s.hash == hash && n.submissions[s.number-1].ID == id {
			return at, hash
		}
	}
}

// submission returns the number of the submission with an id.
func (n *names) submission(id string) (number int, ok bool) {
	at, _ := n.search(id)
	number = int(n.slots[at].number) - 1
	return number, number >= 0
}

// request returns the submission of the request with an id, and its number among that one's
// requests, as Submission.requestID makes ids of them.
func (n *names) request(id scheduler.RequestID) (submission, number int, ok bool) {
	if submission, number, ok := n.split(string(id)); ok {
		return submission, number, true // no submission is called like a request of another one
	}
	i, ok := n.submission(string(id))
	return i, 0, ok && n.submissions[i].Size == 1
}

// split does so for the id of a request of a submission with more than one.
func (n *names) split(id string) (submission, number int, ok bool) {
	before, digits, ok := cutNumber(id)
	if !ok {
		return 0, 0, false
	}
	if len(digits) > 1 && digits[0] == '0' || len(digits) > digitsMax {
		return 0, 0, false
	}
	for _, digit := range []byte(digits) {
		number = 10*number + int(digit-'0')
	}
	submission, ok = n.submission(before)
	if !ok || n.submissions[submission].Size <= max(1, number) {
		return 0, 0, false
	}
	return submission, number, true
}

// digitsMax is how many digits a number has at most that an int holds on any machine.
const digitsMax = 9
