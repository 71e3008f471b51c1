// Package explain writes explanations of requests in words: the verdict first, then the findings
// that fail, then the numbers behind them, then the changes that would help. Its input is the
// message protos.Explanation of scheduler.Explain, which has only codes and numbers. Text returns a
// page; Describe fills in the sentences of the message, for callers that show it in another way,
// such as JSON by protojson.
//
// The words are for people and may change; programs go by the codes, which keep their meaning.
package explain
