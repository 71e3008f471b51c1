package simulator

import "math"

// This file has all the quotients and roundings of figures: durations to the millisecond, parts of
// a whole to six digits after the point. None of them is ever infinite or not a number.

// seconds turns milliseconds into seconds.
func seconds(millis int64) float64 { return float64(millis) / 1000 }

// thousandths rounds to three digits after the point.
func thousandths(x float64) float64 { return math.Round(x*1000) / 1000 }

// meanSeconds is the mean of n durations that sum up to these milliseconds; 0 if there are none.
func meanSeconds(sumMillis int64, n int) float64 {
	if n == 0 {
		return 0
	}
	return thousandths(seconds(sumMillis) / float64(n))
}

// ratio is part / whole, to six digits after the point; 0 if whole is 0.
func ratio(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return math.Round(part/whole*1e6) / 1e6
}
