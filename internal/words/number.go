package words

import (
	"fmt"
	"strconv"
	"strings"
)

// integer is a type of whole numbers.
type integer interface {
	~int | ~int32 | ~int64 | ~uint64
}

// Number returns a whole number with commas, such as "-28,476".
func Number[T integer](n T) string {
	return withCommas(fmt.Sprintf("%d", n))
}

// withCommas puts commas between the thousands of a number, up to its decimal point if it has one.
func withCommas(text string) string {
	first := 0
	if strings.HasPrefix(text, "-") {
		first = 1
	}
	end := len(text)
	if point := strings.IndexByte(text, '.'); point >= 0 {
		end = point
	}
	for i := end - 3; i > first; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Count returns a number of things with their noun, such as "1 worker" or "2,000 workers".
func Count[T integer](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}

// Plain returns a number as it is, with commas and without an exponent, such as "1,000.25".
func Plain(x float64) string {
	text := strconv.FormatFloat(x, 'f', -1, 64)
	if !isFigure(x) {
		return text
	}
	return withCommas(text)
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
