package script

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// epoch is the start of every script.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// parseTime reads a time as doc.go says.
func parseTime(s string) (time.Time, error) {
	if s == "never" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return epoch.Add(d), nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, scriptError("%q is no time", s)
	}
	return t, nil
}

// formatTime writes a time as scripts do.
func formatTime(t time.Time) string {
	const century = 100 * 365 * 24 * time.Hour
	if t.IsZero() {
		return "never"
	}
	if d := t.Sub(epoch); d > -century && d < century {
		return d.String()
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (c *command) time(key string, def time.Time) (time.Time, error) {
	v, ok := c.arg(key)
	if !ok {
		return def, nil
	}
	return parseTime(v)
}

func (c *command) duration(key string) (time.Duration, error) {
	v, ok := c.arg(key)
	if !ok {
		return 0, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		return 0, scriptError("%s=%s is no duration", key, v)
	}
	return d, nil
}

func (c *command) integer(key string) (int, error) {
	v, ok := c.arg(key)
	if !ok {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, scriptError("%s=%s is no number", key, v)
	}
	return n, nil
}

// off reports whether an argument says off. The only other value is on.
func (c *command) off(key string) (bool, error) {
	v, ok := c.arg(key)
	if ok && v != "on" && v != "off" {
		return false, scriptError("%s=%s is neither on nor off", key, v)
	}
	return v == "off", nil
}

// list takes a list of words; nil if the argument is not there.
func (c *command) list(key string) ([]string, error) {
	v, ok := c.arg(key)
	if !ok || v == `""` {
		return nil, nil
	}
	return parseList(v)
}

func parseList(s string) ([]string, error) {
	var words []string
	for word := range strings.SplitSeq(s, ",") {
		w, err := unquote(word)
		if err != nil {
			return nil, err
		}
		words = append(words, w)
	}
	return words, nil
}

// vector takes up to five amounts of which one is worth so many units.
func (c *command) vector(key string, units int64) ([scheduler.NumPriorities]int64, error) {
	var vector [scheduler.NumPriorities]int64
	v, ok := c.arg(key)
	if !ok {
		return vector, nil
	}
	for i, s := range strings.Split(v, ",") {
		if i >= len(vector) {
			return vector, scriptError("%s=%s has more than five amounts", key, v)
		}
		n, err := parseAmount(s, units)
		if err != nil {
			return vector, err
		}
		vector[i] = n
	}
	return vector, nil
}

func (c *command) amount(key string) (scheduler.Quota, error) {
	v, ok := c.arg(key)
	if !ok {
		return 0, nil
	}
	n, err := parseAmount(v, microsPerSecond)
	return scheduler.Quota(n), err
}

// What one of an amount is worth in units.
const (
	microsPerSecond = 1_000_000
	millisPerWorker = 1_000
)

// parseAmount reads a decimal fraction exactly, and "min" and "max" as the ends of int64.
func parseAmount(s string, units int64) (int64, error) {
	switch s {
	case "min":
		return math.MinInt64, nil
	case "max":
		return math.MaxInt64, nil
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if whole+fraction == "" {
		return 0, scriptError("an amount is missing")
	}
	for scale := units; scale > 1; scale /= 10 {
		digit := "0"
		if fraction != "" {
			digit, fraction = fraction[:1], fraction[1:]
		}
		whole += digit
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || fraction != "" {
		return 0, scriptError("%q is no amount in units of 1/%d", s, units)
	}
	if strings.HasPrefix(s, "-") {
		n = -n
	}
	return n, nil
}

// workerWord is a worker as scripts write it: w1 or w1{gpu,os:linux}.
type workerWord struct {
	id     scheduler.WorkerID
	labels []string
}

func parseWorker(word string) (workerWord, error) {
	id, labels, ok := strings.Cut(word, "{")
	w := workerWord{id: scheduler.WorkerID(id)}
	if !ok {
		return w, nil
	}
	labels, ok = strings.CutSuffix(labels, "}")
	if !ok {
		return w, scriptError("%q has no closing brace", word)
	}
	var err error
	w.labels, err = parseList(labels)
	return w, err
}

// workers takes all words that are left.
func (c *command) workers() ([]workerWord, error) {
	var workers []workerWord
	for _, word := range c.words {
		w, err := parseWorker(word)
		if err != nil {
			return nil, err
		}
		workers = append(workers, w)
	}
	c.words = nil
	return workers, nil
}

// formatVector writes amounts without the zeros at the end: [1 0 2.5].
func formatVector(v []int64) string {
	n := len(v)
	for n > 1 && v[n-1] == 0 {
		n--
	}
	words := make([]string, n)
	for i := range words {
		words[i] = scheduler.Quota(v[i]).String()
	}
	return "[" + strings.Join(words, " ") + "]"
}

func formatBalance(b scheduler.Balance) string {
	v := make([]int64, len(b))
	for i, q := range b {
		v[i] = int64(q)
	}
	return formatVector(v)
}

func formatLevel(level int32) string {
	return scheduler.Priority(level).String()
}

// formatLabels writes labels as a worker has them: {gpu,os:linux}, or nothing.
func formatLabels(labels []string) string {
	if len(labels) == 0 {
		return ""
	}
	return fmt.Sprintf("{%s}", strings.Join(labels, ","))
}
