package scheduler

import (
	"cmp"
	"math"
	"time"
)

// An instant is a point in time to the nanosecond, without a time zone: a time.Time of the years
// 1970 to 9999 in half of its size, and comparable with ==. Its seconds are in two parts, so that
// it needs no padding where it is stored.
type instant struct {
	low  uint32 // of the seconds since 1970
	high int32
	nsec int32
}

// noInstant is later than all instants.
var noInstant = instantAt(math.MaxInt64, 0)

func instantOf(t time.Time) instant { return instantAt(t.Unix(), int32(t.Nanosecond())) }

func instantAt(sec int64, nsec int32) instant {
	return instant{low: uint32(sec), high: int32(sec >> 32), nsec: nsec}
}

// instantOfMillis is the way back from millis, for times since 1970.
func instantOfMillis(millis int64) instant {
	return instantAt(millis/1000, int32(millis%1000)*1_000_000)
}

// sec is the instant in whole seconds since 1970, rounded down.
func (i instant) sec() int64 { return int64(i.high)<<32 | int64(i.low) }

func (i instant) time() time.Time {
	return time.Unix(i.sec(), int64(i.nsec)).UTC()
}

func (i instant) compare(j instant) int {
	if c := cmp.Compare(i.sec(), j.sec()); c != 0 {
		return c
	}
	return cmp.Compare(i.nsec, j.nsec)
}

func (i instant) Before(j instant) bool {
	return i.sec() < j.sec() || i.sec() == j.sec() && i.nsec < j.nsec
}

func (i instant) max(j instant) instant {
	if i.Before(j) {
		return j
	}
	return i
}

// millis is the instant in whole milliseconds since 1970, rounded down: accounting time.
func (i instant) millis() int64 {
	return i.sec()*1000 + int64(i.nsec)/1_000_000
}

// since returns i-j, saturating as time.Time.Sub does.
func (i instant) since(j instant) time.Duration {
	sec, nsec := i.sec()-j.sec(), int64(i.nsec-j.nsec)
	const maxSec = math.MaxInt64/int64(time.Second) - 1
	switch {
	case sec > maxSec:
		return math.MaxInt64
	case sec < -maxSec:
		return math.MinInt64
	}
	return time.Duration(sec*int64(time.Second) + nsec)
}
