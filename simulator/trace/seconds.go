package trace

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxDuration bounds every time in a log: a hundred years, as in package swf.
const maxDuration = 100 * 366 * 24 * time.Hour

// errTooLong is a time beyond maxDuration.
var errTooLong = errors.New("more than a hundred years")

// parseTime reads a decimal number of units, exactly: what is below a nanosecond is cut off.
// Numbers with an exponent are read too, to the precision of a float64.
func parseTime(text string, unit time.Duration) (time.Duration, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	negative := strings.HasPrefix(whole, "-")
	whole = strings.TrimPrefix(whole, "-")
	if whole == "" && fraction == "" || !digits(whole) || !digits(fraction) {
		return parseTimeAsFloat(text, unit)
	}
	total := time.Duration(0)
	for _, r := range whole {
		if total > maxDuration/10 {
			return 0, fmt.Errorf("%s is %w", shorten(text), errTooLong)
		}
		total = total*10 + time.Duration(r-'0')*unit
	}
	for _, r := range fraction {
		unit /= 10
		total += time.Duration(r-'0') * unit
	}
	if total > maxDuration {
		return 0, fmt.Errorf("%s is %w", shorten(text), errTooLong)
	}
	if negative {
		total = -total
	}
	return total, nil
}

// digits says whether s has nothing but decimal digits.
func digits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// parseTimeAsFloat reads a number that is not a plain decimal, such as 1.5e3.
func parseTimeAsFloat(text string, unit time.Duration) (time.Duration, error) {
	x, err := parseNumber(text)
	if err != nil {
		return 0, err
	}
	nanos := math.Round(x * float64(unit))
	if math.Abs(nanos) > float64(maxDuration) {
		return 0, fmt.Errorf("%s is %w", shorten(text), errTooLong)
	}
	return time.Duration(nanos), nil
}

// parseNumber reads a decimal number with or without an exponent: no hexadecimal, no infinity.
func parseNumber(text string) (float64, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, fmt.Errorf("%s is not a number", shorten(text))
	}
	return x, nil
}

// appendSeconds appends a duration as an exact decimal number of seconds: 3477, or 0.25.
func appendSeconds(b []byte, d time.Duration) []byte {
	if d < 0 {
		b = append(b, '-')
	}
	whole, nanos := uint64(d/time.Second), uint64(d%time.Second)
	if d < 0 {
		whole, nanos = uint64(-(d / time.Second)), uint64(-(d % time.Second))
	}
	b = strconv.AppendUint(b, whole, 10)
	if nanos == 0 {
		return b
	}
	fraction := strconv.FormatUint(uint64(time.Second)+nanos, 10) // "1" and nine digits
	b = append(b, '.')
	return append(b, strings.TrimRight(fraction[1:], "0")...)
}
