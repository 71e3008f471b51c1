package scheduler

// AccountConfig returns a copy of an account's settings.
func (s *Scheduler) AccountConfig(id AccountID) (*AccountConfig, bool) {
	s.checkMade()
	a := s.accounts[id]
	if a == nil || !a.exists() {
		return nil, false
	}
	return a.config.clone(), true
}

// Suspension returns why an account is suspended; ok is false if it is not, or does not exist.
func (s *Scheduler) Suspension(id AccountID) (reason string, ok bool) {
	s.checkMade()
	a := s.accounts[id]
	if a == nil || !a.exists() || !a.suspended {
		return "", false
	}
	return a.reason, true
}
