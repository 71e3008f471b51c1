// Package trace turns logs of real clusters into workloads for the simulator.
//
// A log is read as a sequence of [Record]: what the log says of one submission, as named fields. A
// [Mapping] says what of it becomes the account, the labels, the importance and the size of a
// submission. [Load] does both, and [Inspect] says what is in a log.
//
//	         reader                Mapping
//	┌──────┐        ┌───────────┐           ┌────────────┐   ┌────────────────────┐
//	│ file ├───────▶│ records   ├──────────▶│ submissions├──▶│ simulator.Workload │
//	└──────┘        └───────────┘ templates └────────────┘   └────────────────────┘
//	swf, csv, jsonl                         window, load factor
//
// # Formats
//
// SWF is the Standard Workload Format of the Parallel Workloads Archive, read by package swf. CSV
// is a table with a header line, whose columns are named by a [Table] or one of the [Presets].
// Native is this project's own: one JSON object a line, the first of which describes the log;
// native.go has its fields. All may be gzipped, whatever the file's name.
//
// # Templates
//
// A template is a text in which {name} stands for a field of the record, and {name|table} for what
// a table of the mapping has for the field's value:
//
//	account: "{group}/{queue|queues}"        tables: {queues: {"1": express, "2": high, "*": other}}
//
// A field that the record does not have, or that is unknown in it, stands as "unknown".
package trace
