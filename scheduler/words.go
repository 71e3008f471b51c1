package scheduler

import (
	"fmt"
	"strconv"
	"strings"
)

// The words here are for the messages of explanations: numbers have commas and units.

// count returns "1 worker" or "2 workers".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return commas(int64(n)) + " " + what + "s"
}

// manyRun returns "1 runs" or "2 run", or "none run".
func manyRun(n int) string {
	switch n {
	case 0:
		return "none run"
	case 1:
		return "1 runs"
	}
	return commas(int64(n)) + " run"
}

// commas returns a number with commas.
func commas(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// grouped puts commas into a decimal number, such as "-12,345.25".
func grouped(number string) string {
	whole, fraction, _ := strings.Cut(number, ".")
	digits := strings.TrimPrefix(whole, "-")
	text := whole[:len(whole)-len(digits)]
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			text += ","
		}
		text += string(digit)
	}
	if fraction != "" {
		text += "." + fraction
	}
	return text
}

// words returns the amount with its unit, exactly, such as "1 worker-second" or "-1,200.5
// worker-seconds".
func (q Quota) words() string {
	if q == payPerMilli*1000 {
		return "1 worker-second"
	}
	return grouped(q.String()) + " worker-seconds"
}

// words returns the amounts that are not zero, such as "2.5 worker-seconds at p1, 5 at p2", or
// "nothing".
func (b Balance) words() string {
	var list []string
	for p, q := range b {
		switch {
		case q == 0:
		case len(list) == 0:
			list = append(list, fmt.Sprintf("%s at %v", q.words(), Priority(p)))
		default:
			list = append(list, fmt.Sprintf("%s at %v", grouped(q.String()), Priority(p)))
		}
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// where returns where a task of the level runs: "at p1", or "in the free bucket".
func (p Priority) where() string {
	if p == FreeBucket {
		return "in the free bucket"
	}
	return "at " + p.String()
}

// name returns the level as a noun: "p1", or "the free bucket".
func (p Priority) name() string {
	if p == FreeBucket {
		return "the free bucket"
	}
	return p.String()
}

// pays says what an account's tasks at a level pay, and for how many its rate there does, such as
// "9 run, and the rate pays for 6".
func (a *account) pays(p Priority) string {
	rate := a.config.ChargeRate[p]
	if rate == 0 {
		return manyRun(a.running[p]) + ", and the account earns nothing there"
	}
	return manyRun(a.running[p]) + ", and the rate pays for " + grouped(rate.String())
}
