// Package script runs golden scripts: text files that tell a pool what happened, instant by
// instant, and hold its answers.
//
// # Files
//
// A script is a file testdata/NAME.txt in the format of github.com/cockroachdb/datadriven. It
// begins with a sentence (lines with #) that says what it shows. Each stanza is one instant:
//
//	# An idle worker is given the request that waits for longest.
//
//	at 10s
//	waiting young enqueued=9s
//	waiting old enqueued=1s
//	idle w1
//	pass
//	----
//	ENQUEUED young
//	ENQUEUED old
//	ASSIGNED old to w1 at free
//
// Below "at" stands one command a line, and below "----" what they did, in order: events,
// answers, and errors, which are output like any other. A stanza that did nothing has the output
// "(nothing)". Lines of commands that begin with # are comments. An empty line ends the output.
// `go test -rewrite` writes the output anew; read the diff.
//
// # Four ways
//
// Every command runs on four pools, and the outputs must be equal to the byte: a plain one; the
// same again in the same process (and, for a reconciler, through its methods instead of
// operations), so that nothing depends on the order of a map; one that is written to bytes and
// restored from them after each command; and one of package reference, the executable
// specification. The hashes of the four must be equal too. A command that ends in an error must
// leave the hash as it was.
//
// The reference differs in three ways. It must refuse what the others refuse, but in words of its
// own, and it logs nothing. It has no views and no explanations: show, explain and feasible ask a
// scheduler that is restored from its snapshot. And it notices at other moments what was done
// behind a reconciler's back, so it takes no part from such an unassign on.
//
// # Words
//
// Words are separated by spaces. A word or a value may be quoted as a Go string, such as "" or
// "\xff". Arguments NAME=VALUE may stand in any order.
//
//	time       10s, 1h2m, -5s: from the start of the script, 2026-01-01T00:00:00Z; or such a
//	           date; or "never", which is Go's zero time
//	duration   as time.ParseDuration reads it
//	amount     worker-seconds, or for rates workers, such as 0.5 (exact to the last unit)
//	vector     up to five amounts, p0 first, such as 100,0,20; those left out are 0
//	list       words between commas; an empty word between quotes is an empty list
//	worker     an id and its labels: w1 or w1{gpu,os:linux}
//
// # Commands of both layers
//
//	config NAME=VALUE...
//	  Starts over with an empty pool at this instant. preemption=off, and by their names in
//	  scheduler.Config: worker-expiration, request-expiration, patience, burst-cover, owed-after
//	  (durations), max-lost (a list of durations, for p0 to p4), promote, demote (amounts); for a
//	  reconciler, queue-timeout.
//	account ID [rate=vector] [cap=duration] [balance=vector] [fanout=n] [limits=key:n,...]
//	  [free=off] [description=] [safe-after=duration]
//	  AddAccount. The word nil instead of all settings passes none.
//	delete-account ID, reset-balance ID
//	waiting ID [account=] [base=list] [prov=list] [tags=list] [enqueued=time] [t=time]
//	  [lost=duration]
//	  News that a request waits. The enqueue time and t are this instant's unless given.
//	running ID WORKER [saved=time] [t=time]
//	absent ID [t=time]
//	gone WORKER [t=time]
//	configure NAME=VALUE... [reason=]
//	  Gives settings new values; the names are those of config.
//	update-account ID NAME=VALUE... [reason=]
//	  The same for an account; the names are those of account.
//	suspend ACCOUNT, resume ACCOUNT, cordon WORKER, uncordon WORKER, wipe; each with [reason=]
//	counts
//	  Prints the numbers of requests and workers; of runs, at p0 to p4 and in the free bucket.
//	show [accounts] [cordons] [requests] [workers] [queues] [expired] [time]
//	  Prints the state, or the parts named. Amounts and times are as above.
//	restore EDIT [; EDIT]...
//	  Changes a snapshot of the pool and prints why restoring it is refused, or "accepted"; the
//	  pool stays as it is. An edit names a field from protos.Pool: "PATH = TEXT" sets it to what
//	  the protobuf text format says, "PATH =" clears it, "PATH += TEXT" appends. For example
//	  "scheduler.workers[0].run.priority = 7". The word nil passes no snapshot at all.
//	save NAME, compare NAME
//	  Keeps the hash under a name; prints whether it is the same now.
//	events full, events short
//	  Prints all fields of the events from here on, or what matters most.
//	snapshot
//	  Prints the snapshot: each field by its path, as restore wants it.
//	explain ID
//	  Prints why a request is where it is, without the empty lines.
//	feasible ID [account=] [base=list]
//	  Prints whether any pass could ever start such a request, known or not.
//
// # Commands of the scheduler alone
//
//	idle WORKER... [t=time]     MarkIdle for each
//	unassign ID WORKER [t=time]
//	handed-out ID WORKER, block ID, unblock ID
//	time [t=time]               UpdateTime
//	every DURATION until=time   UpdateTime again and again, in equal steps
//	pass                        RunOnce
//	expired                     TakeExpired
//
// # Commands of the reconciler over it
//
//	pull [WORKER...] [t=time]   AssignTasks; prints "w1 <- r1" for each task handed out
//	cancellations               prints "cancel r1 on w1: PREEMPTED" for each
//	error ID TEXT               AddTaskError
//	apply TEXT                  applies an operation in the protobuf text format, as it is
//	unassign ID WORKER          Unassign, of the scheduler, behind the reconciler's back
//
// # Events
//
// An event is its type, its request and what matters of the rest. "@5s" at the end says that its
// time is not this instant; "of a" names the account, with "?" if it does not exist. Costs are in
// brackets, from p0 down, without the zeros at the end: [0 2.5].
package script
