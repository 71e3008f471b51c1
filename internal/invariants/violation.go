package invariants

import "fmt"

// Check names an invariant.
type Check string

// The checks, by the numbers that the design gives them.
const (
	OnePlace       Check = "invariant 1: one place"
	NothingDropped Check = "invariant 2: nothing is dropped in silence"
	OnlyStarted    Check = "invariant 3: only what may have started is cancelled"
	Conserved      Check = "invariant 4: quota is conserved"
	NoIdleMatch    Check = "invariant 5: no idle worker is left to a request that took part"
	FixedPoint     Check = "invariant 6: repeated passes come to rest"
	SameState      Check = "invariant 7: same operations, same state"
)

// The checks of what the rules promise beyond that.
const (
	NotLaundered Check = "no preemption raises a balance at a level as good as the taker's"
	BoundedLoss  Check = "no preemption destroys more work than its limit, but for what is owed"
	OrdersKept   Check = "what operators say is done, and told by one event"
)

// Violation is a broken invariant.
type Violation struct {
	// Check is what is broken.
	Check Check
	// Detail says where and how.
	Detail string
}

// Error names the check and says what is wrong.
func (v *Violation) Error() string { return fmt.Sprintf("%s: %s", v.Check, v.Detail) }

// broken returns the violation of a check.
func broken(c Check, format string, args ...any) error {
	return &Violation{Check: c, Detail: fmt.Sprintf(format, args...)}
}

// firstError returns the first error that there is.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
