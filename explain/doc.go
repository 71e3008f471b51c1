// Package explain says an explanation of a request in words and numbers: the verdict first, then
// what the request fails of, then the numbers behind that, then what would help. The message that
// it is given, protos.Explanation, comes from scheduler.Explain, in codes and numbers alone. Text
// makes a page of it, and Describe fills in its messages, sentence by sentence, for those who show
// it in another way, such as the JSON that protojson makes of it.
//
// The words are for people and may change; programs go by the codes, which keep their meaning.
package explain
