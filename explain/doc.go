// Package explain says an explanation of a request in words and numbers: the verdict first, then
// what the request fails of, then the numbers behind that, then what would help. The message that
// it is given, protos.Explanation, comes from scheduler.Explain; as JSON it is what protojson makes
// of it.
//
// The text is for people and may grow; programs go by the message, whose codes keep their meaning.
package explain
