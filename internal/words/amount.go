package words

import (
	"fmt"
	"strings"
)

// Amount returns micro-worker-seconds as worker-seconds with that unit, such as "1 worker-second"
// or "-1,200.5 worker-seconds".
func Amount(micros int64) string {
	if micros == 1_000_000 {
		return "1 worker-second"
	}
	return BareAmount(micros) + " worker-seconds"
}

// BareAmount returns what Amount does, without the unit: "-1,200.5".
func BareAmount(micros int64) string { return decimal(micros, 1_000_000) }

// Rate returns milli-workers as workers, without a unit, such as "0.25".
func Rate(millis int64) string { return decimal(millis, 1000) }

// Amounts returns those of the amounts at p0, p1 and so on that are not zero, in
// micro-worker-seconds, such as "2.5 worker-seconds at p1, 5 at p2"; "nothing" if all are.
func Amounts(micros []int64) string {
	var list []string
	for p, n := range micros {
		switch {
		case n == 0:
		case len(list) == 0:
			list = append(list, fmt.Sprintf("%s at p%d", Amount(n), p))
		default:
			list = append(list, fmt.Sprintf("%s at p%d", BareAmount(n), p))
		}
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}
