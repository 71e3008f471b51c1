package words

import (
	"strconv"
	"strings"
)

// integer is a type of whole numbers.
type integer interface{ ~int | ~int32 | ~int64 }

// Number returns a whole number with commas, such as "-28,476".
func Number[T integer](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Count returns a number of things with their noun, such as "1 worker" or "2,000 workers".
func Count[T integer](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}

// decimal returns n/unit with commas and without zeros at its end; unit is a power of ten.
func decimal(n, unit int64) string {
	whole, rest := n/unit, n%unit
	text := Number(whole)
	if n < 0 && whole == 0 {
		text = "-0"
	}
	if rest == 0 {
		return text
	}
	fraction := strconv.FormatInt(unit+max(rest, -rest), 10)[1:]
	return text + "." + strings.TrimRight(fraction, "0")
}
