// Package swf reads logs in the Standard Workload Format of the Parallel Workloads Archive
// (https://www.cs.huji.ac.il/labs/parallel/workload/swf.html), plain or gzipped.
//
// A log is text. A line that begins with ';' is a comment; comments of the form "; Key: value" are
// facts about the log, such as how many processors the machine had. Every other line that is not
// blank is a job: 18 numbers, where -1 means "not known". Times are whole seconds, counted from the
// log's start. With the numbers that a replay uses named:
//
//	; UnixStartTime: 843480031
//	; MaxProcs: 100
//	15 599850 192180 3477 4          -1 -1 4     53940 -1 1 12   12    -1 -1    -1        -1 -1
//	job submit wait  run  processors       asked                 group    queue partition
//	                                                        user
//
// [Reader] streams: [Reader.Next] returns one job at a time. A malformed line is a [*LineError],
// which names the file and the line; reading can go on after it. Any other error ends the reading.
// [ReadFile] reads a whole log, and either stops at the first malformed line or counts them.
package swf
