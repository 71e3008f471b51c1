package scheduler

import (
	"fmt"
	"math"
)

// Quota is an amount of worker-time, in micro-worker-seconds: one worker for one second is
// 1,000,000. Amounts saturate at ±2^62, which is 146,000 years of one worker.
type Quota int64

// Rate is how fast an account earns, in milli-workers: 1000 earns the time of one worker.
// One milli-worker earns one micro-worker-second per millisecond.
type Rate int64

// Balance is what an account has at each level p0 to p4. A debt is negative.
type Balance [NumPriorities]Quota

const (
	// maxQuota bounds every amount in the ledger; see Quota.
	maxQuota Quota = 1 << 62
	// maxInitialQuota bounds what a caller may put into the ledger at once, so that no honest
	// pool comes near maxQuota.
	maxInitialQuota Quota = 1 << 60
	// maxRate is a million workers.
	maxRate Rate = 1_000_000_000
	// payPerMilli is what one run pays in a millisecond.
	payPerMilli Quota = 1000
)

// WorkerSeconds returns the quota of one worker for s seconds, rounded to the nearest unit and
// saturating at ±2^62. NaN is zero.
func WorkerSeconds(s float64) Quota { // float-free: the door from people's numbers to exact ones
	return Quota(saturatingRound(s*1e6, float64(maxQuota)))
}

// Workers returns the rate that earns the time of n workers, rounded to the nearest milli-worker
// and saturating at ±2^62. NaN is zero.
func Workers(n float64) Rate { // float-free: the door from people's numbers to exact ones
	return Rate(saturatingRound(n*1e3, float64(maxQuota)))
}

func saturatingRound(x, limit float64) int64 { // float-free: serves WorkerSeconds and Workers
	switch {
	case math.IsNaN(x):
		return 0
	case x >= limit:
		return int64(maxQuota)
	case x <= -limit:
		return -int64(maxQuota)
	}
	return int64(math.Round(x))
}

// String returns the quota in worker-seconds, exactly, such as "-12.5".
func (q Quota) String() string {
	return decimal(int64(q), 1_000_000, 6)
}

// String returns the rate in workers, exactly, such as "0.25".
func (r Rate) String() string {
	return decimal(int64(r), 1000, 3)
}

// decimal prints n/unit without trailing zeros; unit is 10^digits.
func decimal(n, unit int64, digits int) string {
	sign, whole, frac := "", n/unit, n%unit
	if n < 0 {
		sign, whole, frac = "-", -whole, -frac
	}
	s := fmt.Sprintf("%s%d", sign, whole)
	if frac == 0 {
		return s
	}
	f := fmt.Sprintf("%0*d", digits, frac)
	for f[len(f)-1] == '0' {
		f = f[:len(f)-1]
	}
	return s + "." + f
}

// add returns a+b, saturating.
func (q Quota) add(b Quota) Quota {
	return clampQuota(q + b) // both are within ±2^62, so the sum cannot wrap
}

func clampQuota(q Quota) Quota {
	return max(-maxQuota, min(maxQuota, q))
}

// plus returns the balances summed level by level, saturating.
func (b Balance) plus(c Balance) Balance {
	for p := range b {
		b[p] = b[p].add(c[p])
	}
	return b
}

// minus returns the balances subtracted level by level, saturating.
func (b Balance) minus(c Balance) Balance {
	for p := range b {
		b[p] = b[p].add(-c[p])
	}
	return b
}
