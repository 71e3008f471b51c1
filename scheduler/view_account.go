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
