package simulator

// meter follows a number over time: how large it was on average, and at most.
type meter struct {
	value, max int64
	since      int64 // milliseconds
	// sum is the integral of value over time, in milliseconds, from where the meter was last
	// restarted. A hundred thousand for two hundred years is far from wrapping.
	sum int64
	// taken is the part of sum that was taken.
	taken int64
}

// advance moves the meter on to an instant, in milliseconds; to an earlier one it does nothing.
func (m *meter) advance(now int64) {
	if now > m.since {
		m.sum += m.value * (now - m.since)
		m.since = now
	}
}

// add changes the number at an instant.
func (m *meter) add(now, n int64) {
	m.advance(now)
	m.value += n
	m.max = max(m.max, m.value)
}

// take returns the integral up to an instant of what was not taken before.
func (m *meter) take(now int64) int64 {
	m.advance(now)
	n := m.sum - m.taken
	m.taken = m.sum
	return n
}

// set changes the number to n at an instant.
func (m *meter) set(now, n int64) { m.add(now, n-m.value) }

// restart forgets what was before an instant, but for the present number.
func (m *meter) restart(now int64) {
	*m = meter{value: m.value, max: m.value, since: now}
}

// capped follows the smaller one of a number and a limit, which is fixed and in thousandths.
type capped struct {
	// full is 1 while the number is at the limit or above it, and below is the number while it is
	// not, else 0.
	full, below meter
}

// set changes the number to n at an instant.
func (c *capped) set(now, n, limit int64) {
	if n*1000 >= limit {
		c.full.set(now, 1)
		c.below.set(now, 0)
	} else {
		c.full.set(now, 0)
		c.below.set(now, n)
	}
}

// restart forgets what was before an instant, but for the present number.
func (c *capped) restart(now int64) {
	c.full.restart(now)
	c.below.restart(now)
}

// seconds is the integral up to an instant.
func (c *capped) seconds(now, limit int64) float64 {
	c.full.advance(now)
	c.below.advance(now)
	return thousandths(float64(limit)/1000*seconds(c.full.sum) + seconds(c.below.sum))
}
