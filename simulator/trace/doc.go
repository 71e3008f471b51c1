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
//	swf, csv, sacct, json                   window, load factor
//
// # Formats
//
// SWF is the Standard Workload Format of the Parallel Workloads Archive, read by package swf. CSV
// is a table with a header line, whose columns are named by a [Table] or one of the [Presets]. The
// output of Slurm's sacct, workloads of Kueue, tasks of Swarming and builds of Buildbucket are read
// as these tools write them. Native is this project's own, written by [WriteNative]. All may be
// gzipped, whatever the file's name.
//
// A native log is JSON, one object a line. The first one describes the log, all others are
// submissions; seconds are exact decimals, and what is empty or not known may be left out:
//
//	{"format":"quotasched-trace","version":1,"name":"KTH","start_time":"1996-09-23T12:00:31Z",
//	 "real_workers":100,"real_preemptions_known":false,"notes":["9 of 28476 jobs never ran"]}
//	{"id":"15","account":"group-12","base_labels":["gpu:T4"],"provisionable_labels":["os:12"],
//	 "submit_seconds":599850,"run_seconds":3477.25,"size":4,"real_wait_seconds":192180,
//	 "real_preemptions":1,"importance":"high"}
//
// (Each is on one line; here they are broken.) What is malformed is skipped and counted, or, if
// [Source.Strict] is set, an error that names file and line. What never ran in reality has no run
// time, and is left out and counted. Repeated ids get the number of their record: 7@1234. A log out
// of order is sorted.
//
// # Templates
//
// A template is a text in which {name} stands for a field of the record, and {name|table} for what
// a table of the mapping has for the field's value; {{ and }} stand for braces:
//
//	account: "{group}/{queue|queues}"        tables: {queues: {"1": express, "2": high, "*": other}}
//
// A field that is unknown in a record stands as "unknown", and a table may say what stands for
// that. A field that no record of the log has is an error. The fields of SWF are job, submit, wait,
// run, processors, cpu, memory, asked_processors, asked_seconds, asked_memory, status, user, group,
// application, queue, partition, preceding and think; those of CSV are the columns; those of a
// native log are id, account, importance and size, and a mapping that says nothing keeps what it
// has.
//
// The other formats have fields of their own, such as tags by name: {tag.pool}. [Propose] says how
// a log can be read of which nobody says it.
//
// # Alternatives
//
// A request needs all of its base labels, so it cannot ask for a worker of model A or model B by
// two labels. The log's "A|B" becomes one label instead, "gpu:A|B", and [AddAlternatives] gives it
// to all workers that have "gpu:A" or "gpu:B". [LoadFleet] makes workers of a list of nodes.
package trace
