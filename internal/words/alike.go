package words

import (
	"math"
	"strconv"
)

// alikeUnits are those of SecondsAlike, each with the seconds up to which it is used.
var alikeUnits = []struct {
	name            string
	length, reaches float64
}{{"s", 1, 99.5}, {"min", 60, 99.5 * 60}, {"h", 3600, 99.5 * 3600}, {"d", 86400, math.Inf(1)}}

// SecondsAlike returns durations that stand in one sentence in one unit, that of the longest one,
// so that they can be compared: "92 min" and "64 min", "0.8 min" and "21 min". Each has two digits,
// or more if two different ones would read the same, but none beyond a hundredth of the unit,
// unless that tells them apart: "0.00 h". Values that are not finite are dashes.
func SecondsAlike(seconds ...float64) []string {
	longest := 0.0
	for _, x := range seconds {
		if isFigure(x) {
			longest = max(longest, math.Abs(x))
		}
	}
	unit := alikeUnits[0]
	for _, u := range alikeUnits[1:] {
		if longest >= unit.reaches {
			unit = u
		}
	}
	texts := make([]string, len(seconds))
	for more := 0; more < 3; more++ {
		for i, x := range seconds {
			texts[i] = noFigure
			if isFigure(x) {
				texts[i] = inUnit(x/unit.length, more) + " " + unit.name
			}
		}
		if !collide(seconds, texts) {
			break
		}
	}
	return texts
}

// collide says whether two values that differ by a hundredth or more read the same.
func collide(values []float64, texts []string) bool {
	for i, x := range values {
		for k, y := range values[:i] {
			if texts[i] == texts[k] && math.Abs(x-y) > max(math.Abs(x), math.Abs(y))/100 {
				return true
			}
		}
	}
	return false
}

// inUnit writes a number with two digits, whole from ten on, and more digits where they are needed.
func inUnit(x float64, more int) string {
	size := math.Abs(x)
	decimals := more
	switch {
	case x == 0 || size > figureMax:
		return Figure(x)
	case size < 0.095:
		decimals += 2
	case size < 9.95:
		decimals++
	}
	if decimals == 0 {
		return sign(x) + Number(int64(math.Round(size)))
	}
	return sign(x) + strconv.FormatFloat(size, 'f', decimals, 64)
}

// sign is that of a negative number.
func sign(x float64) string {
	if x < 0 {
		return "−"
	}
	return ""
}
