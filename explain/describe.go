package explain

import "github.com/quotasched/quotasched/protos"

// Describe fills in the messages of an explanation: those of its findings, suggestions and
// contenders. Messages are for people and may change; programs go by the codes and numbers. What
// this version knows no words for, as it comes from a newer one, keeps the message that it has.
func Describe(e *protos.Explanation) {
	for _, f := range e.GetFindings() {
		f.Message = findingMessage(e, f)
	}
	for _, s := range e.GetWaiting().GetSuggestions() {
		s.Message = suggestionMessage(e, s)
	}
	for _, c := range e.GetRunning().GetContenders() {
		c.Message = contenderMessage(e, c)
	}
}

// DescribeFeasibility fills in the messages of the answer whether a request can ever run.
func DescribeFeasibility(f *protos.Feasibility) {
	for _, finding := range f.GetFindings() {
		finding.Message = feasibilityMessage(f, finding)
	}
}
