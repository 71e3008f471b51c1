package report

import "strings"

// assumed says what every simulation assumes, for those who see the figures alone.
func (s *study) assumed() []string {
	list := []string{
		"Tasks are independent: a submission of n workers is n requests, which start one by one; " +
			"there are no gangs.",
		"A worker runs one task at a time. A task that is preempted starts again from its beginning.",
		"Requests come when they came, however long others wait.",
	}
	if note := s.labels.note(); note != "" {
		list = append(list, strings.ToUpper(note[:1])+note[1:]+".")
	}
	return list
}
