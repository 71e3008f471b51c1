package swf

import (
	"strconv"
	"strings"
	"time"
)

// Fact is one "; Key: value" comment of a log.
type Fact struct {
	Key, Value string
}

// Header has the facts that a log states about itself, in its order.
type Header struct {
	Facts []Fact
}

// maxFacts bounds what a header can hold; later facts are left out.
const maxFacts = 10_000

// add keeps the fact that a comment line states, if it states one.
func (h *Header) add(line string) {
	key, value, ok := strings.Cut(strings.TrimLeft(line, "; \t"), ":")
	key = strings.TrimSpace(key)
	isLink := strings.HasPrefix(value, "//") // on a line of its own, and key is "http"
	if !ok || isLink || key == "" || strings.ContainsAny(key, " \t/") || len(h.Facts) >= maxFacts {
		return
	}
	h.Facts = append(h.Facts, Fact{Key: key, Value: strings.TrimSpace(value)})
}

// Text returns the value of the first fact with this key.
func (h *Header) Text(key string) (string, bool) {
	for _, f := range h.Facts {
		if f.Key == key {
			return f.Value, true
		}
	}
	return "", false
}

// Number returns the whole number that begins the value of a fact: 70 for "70  (dual)".
func (h *Header) Number(key string) (int64, bool) {
	text, ok := h.Text(key)
	if !ok {
		return 0, false
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(words[0], 10, 64)
	return n, err == nil
}

// Processors returns how many processors the machine had: MaxProcs, or else MaxNodes. It is 0 if
// the log does not say.
func (h *Header) Processors() int64 {
	for _, key := range []string{"MaxProcs", "MaxNodes"} {
		if n, ok := h.Number(key); ok && n > 0 {
			return n
		}
	}
	return 0
}

// Start returns the moment that times are counted from, by UnixStartTime. If the log does not
// say, or names a moment that is not in the years 1970 to 2999, ok is false.
func (h *Header) Start() (start time.Time, ok bool) {
	const year3000 = 32_503_680_000
	n, ok := h.Number("UnixStartTime")
	if !ok || n < 0 || n >= year3000 {
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}
