package scheduler

// RuleVersion is the version of the rules by which schedulers decide. It stands in each snapshot,
// and one with another version is refused, as it would be decided otherwise.
const RuleVersion = 2
