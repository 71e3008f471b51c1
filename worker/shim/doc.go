// Package shim runs one task for an agent, in a process of its own that outlives the agent. The
// shim holds the child and the deadline; an agent that starts later finds it again. Linux only.
//
// # The directory of a lease
//
//	run      record: what the dispatcher ordered
//	setup    record: what the agent adds: the deadline, bounds, the cgroup
//	lock     held (flock) for as long as the shim lives: the agent takes it before it starts the
//	         shim, and the shim inherits it. A lock that can be taken means that there is no shim.
//	socket   where the shim listens; the agent makes it before it starts the shim
//	end      record: how the task ended, written before the shim ends
//	work/    the working directory, if the task names none
//	output.N what the task wrote to standard output and standard error, from its byte N on; the
//	         two newest such files are kept
//
// # What agent and shim say
//
// Lines of text. The agent says
//
//	renew DEADLINE MARGIN    by CLOCK_BOOTTIME, in nanoseconds
//	stop GRACE REASON        ordered, or own
//
// and the shim
//
//	running SINCE DEADLINE   the task runs since then, and has to end by then; 0 means never
//	stuck                    it does not die
//	end HEX                  it ended so; the connection closes
//
// A line that is lost with its connection does no harm: the next agent says again what is to be
// done, and the end is in the file. A shim that is not renewed ends its task at the deadline; one
// that somebody has stopped (SIGSTOP) is continued by a timer of the kernel when anything is due,
// so that it does so, too, with an agent or without.
//
// # How all of a task's processes are found
//
// The first process leads a session of its own, and the shim adopts what its descendants leave
// behind (PR_SET_CHILD_SUBREAPER), so that all of them are below it, whatever they do. When the
// shim dies, the kernel kills the first process (PR_SET_PDEATHSIG); the agent finds the others by
// the environment that they inherited (QSCHED_AGENT, QSCHED_LEASE). Only a process that has
// cleared its environment and whose shim was killed is not found. No process is ever named by its
// id alone: ids are used again.
//
// Where the agent may make one, the shim is the first process of a PID namespace, with a /proc of
// its own: then the kernel kills all of the task's processes with it, and one call of the shim's
// kills them all, however many processes the machine has. On a machine of which all cores are busy
// that is the difference between the deadline and some time after it.
package shim
