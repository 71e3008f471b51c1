package shadow

// Break takes the shadow's pool away, as no input can, so that its next step panics.
func (s *Shadow) Break() { s.beside = nil }
