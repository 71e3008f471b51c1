// Package yamltree reads YAML that people write, strictly: every mistake in a file is found at once
// and named with its line, its column and the path of its field.
//
//	         Parse            Set, Merge           Decode
//	┌──────┐        ┌────────┐          ┌────────┐        ┌───────────┐
//	│ text ├───────▶│ Node   ├─────────▶│ Node   ├───────▶│ Go struct │
//	└──────┘        └────────┘          └────────┘        └─────┬─────┘
//	                 a tree that                                │ its own checks:
//	                 knows its places ◀─────────────────────────┘ package field
//	                                       Locate
//
// A [Node] is never changed. [Set] and [Merge] return trees that share what they do not change, and
// every node of them still knows where it was written, so that a mistake in a value that came from
// elsewhere is shown there.
//
// # Go types
//
// [Decode] fills structs, maps by text or int, slices, arrays, pointers, texts, numbers, booleans,
// durations and times. The name of a struct's field is that of its yaml tag, or else its Go name in
// small letters with underscores; ",inline" lifts the fields of a struct up, ",required" makes a
// field that must be there, and ",nonzero" one that must not be 0 where it is there, as 0 in Go
// means that it is not. A value that is made anew (an element of a list or a map, or what a pointer
// points to) starts with what its method SetDefaults sets, if it has one. A null leaves what is
// there. [Duration] says how durations are written.
//
// # Limits
//
// A text has at most 256 KiB, one document, 10,000 fields, 100 levels of brackets, and 250,000
// nodes once its aliases are expanded, where 64 bytes of text count as one more node; its merges
// ("<<") go through at most 250,000 fields. Each of these mistakes is named. No text makes the
// package panic, or take more than about a second.
package yamltree
