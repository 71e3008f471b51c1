package simulator

import "time"

// meter follows a number over time: how large it was on average, and at most.
type meter struct {
	value, max int64
	since      int64 // milliseconds
	// sum is the integral of value over time, in milliseconds. A hundred thousand for two hundred
	// years is far from wrapping.
	sum int64
}

// advance moves the meter on to an instant; to an earlier one it does nothing.
func (m *meter) advance(now time.Duration) {
	if t := millis(now); t > m.since {
		m.sum += m.value * (t - m.since)
		m.since = t
	}
}

// add changes the number, at the instant of the last advance.
func (m *meter) add(n int64) {
	m.value += n
	m.max = max(m.max, m.value)
}
