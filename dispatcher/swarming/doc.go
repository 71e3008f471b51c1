// Package swarming lets LUCI Swarming ask this dispatcher which task each of its bots shall run: it
// is the service swarming.v1.ExternalScheduler, over the external pools. Swarming owns the tasks
// and the bots; a pool decides.
//
//	Swarming                        the pool that scheduler_id names
//	AssignTasks       pull          a bot that wants a task: what ran there is over
//	NotifyTasks       news          where tasks are, each at its own time
//	GetCancellations  question      what must stop
//	GetCallbacks      question      what Swarming shall say something about
//
// # Tasks
//
// The tag qs_account:NAME names the account that pays; without it a task is free. A task with one
// slice needs the slice's dimensions. Of two slices the second must be a part of the first: it is
// what a bot must have, and the rest of the first is what a bot can be provisioned with. A bot that
// has all is given slice 0, and one that is to be provisioned slice 1. A task with two accounts,
// another number of slices, or otherwise not to be understood has an error: it is cancelled, with
// the reason, until Swarming says that it is over.
//
// States count by their high nibble: 0x1_ waits, 0x2_ runs, 0x3_ to 0x5_ is over. Others are
// refused.
//
// # What is lost, late or doubled
//
//   - An assignment whose answer is lost: the bot's next pull gets the same task, until news says
//     that it runs, or is over. After the pool's worker queue timeout another bot gets it.
//   - News that comes late or twice: each item has its time, and what is older than what is known
//     of the task or bot is ignored. That a task is over is remembered for an hour, so that news
//     from before does not bring it back.
//   - News that is lost: tasks of which nothing was heard for 50 s are asked about by
//     GetCallbacks, at most 1,000 at a time, the one that was not heard of or asked about for the
//     longest time first. So n tasks have each their turn within n/1,000 + 2 minutes. A task of
//     which nothing was heard for a day, and for 60 callbacks, is over.
//   - A pull that comes late: one that is more than 10 s old is taken at the pool's time, unless
//     something newer is known of the bot; then it is ignored.
//   - Times that are more than 10 s ahead are refused, with how much.
//   - Clocks of Swarming's servers may differ by 10 s. So news that a task runs where it was handed
//     to is never too old by less than that; and that a task waits which was handed out, runs or is
//     over is believed only if it is newer by more. If it was true, it is said again soon: the task
//     is asked about.
//   - A cancellation that is lost: it is repeated until news says that the task waits or is over.
//   - The leader is lost: calls end with UNAVAILABLE, and are to be repeated. All of them may be.
//
// # One pool does not delay another
//
// Swarming asks for cancellations and callbacks of all its schedulers in a row, and an error keeps
// those that follow from their turn. So a pool that does not exist, is not external or has failed
// has none, and only pulls and news say what is wrong with it.
package swarming
