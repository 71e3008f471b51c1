package metrics

import "github.com/prometheus/client_golang/prometheus"

// A tally counts what nearly each operation brings. It remembers its counters by what they count:
// to find one by its labels takes several times as long. One goroutine at a time may use it.
type tally struct {
	vector *prometheus.CounterVec
	// word is the last label of a value; nil if there are two labels, pool and account.
	word  func(value int32) string
	known map[series]prometheus.Counter
}

// A series is what a counter of a tally counts.
type series struct {
	pool, account string
	value         int32 // of an enum; 0 without the last label
}

func newTally(vector *prometheus.CounterVec, word func(int32) string) *tally {
	return &tally{vector: vector, word: word, known: map[series]prometheus.Counter{}}
}

// count adds one.
func (t *tally) count(s series) {
	c := t.known[s]
	if c == nil {
		labels := []string{s.pool, s.account}
		if t.word != nil {
			labels = append(labels, t.word(s.value))
		}
		c = t.vector.WithLabelValues(labels...)
		t.known[s] = c
	}
	c.Inc()
}
