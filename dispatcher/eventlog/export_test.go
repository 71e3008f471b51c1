package eventlog

// Abandon ends a log as a crash does: what is not written is lost.
func (l *Log) Abandon() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return l.file.Close()
}

// Obstruct makes writing fail until the function that it returns is called.
func (l *Log) Obstruct(err error) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.obstructed = err
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.obstructed = nil
	}
}
