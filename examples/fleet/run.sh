#!/bin/sh
# From nothing to a fleet: a server, two machines, two accounts, ten commands. One of them is
# preempted and runs again, one is cancelled, one asks why it waits, and logs are read. Needs qsched
# on the PATH; leaves nothing behind.
set -eu

dir=$(mktemp -d)
pids=
end() {
	[ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
	wait
	rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' INT TERM

# until_true WHAT COMMAND: repeats a command until it succeeds, for 20 seconds at most.
until_true() {
	what=$1
	shift
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		if [ "$tries" -gt 200 ]; then
			echo "it never came true: $what" >&2
			cat "$dir"/*.log >&2
			exit 1
		fi
		sleep 0.1
	done
}

# is TASK WORD: whether a task's JSON has a word.
is() { qsched task show lab "$1" --json | grep -q "$2"; }

echo "# a server"
qsched server --data-dir "$dir/data" --listen 127.0.0.1:0 >"$dir/ready" 2>"$dir/server.log" &
pids="$pids $!"
until_true "the server is ready" grep -q ready: "$dir/ready"
QSCHED_SERVER=$(sed 's/^ready: //' "$dir/ready")
export QSCHED_SERVER

echo "# a pool of two accounts: web pays for the first level, nightly for the fourth"
qsched pool create lab
qsched account set lab web --rate p0=2 --max-charge 1h --balance p0=600
qsched account set lab nightly --rate p3=1 --max-charge 1h --balance p3=600

echo "# two machines"
for name in oak fir; do
	qsched agent --pool lab --name "$name" --label "model:$name" --state-dir "$dir/$name" \
		2>"$dir/$name.log" &
	pids="$pids $!"
done
machines() { [ "$(qsched worker list lab --json | grep -c '"worker":"[a-z]*/0"')" = 2 ]; }
until_true "both machines are there" machines

echo "# eight commands"
for n in 1 2 3 4; do
	qsched task submit lab --account web -- sh -c "echo web $n"
	qsched task submit lab --account nightly -- sh -c "echo nightly $n"
done >"$dir/ids"
while read -r id; do
	until_true "$id succeeds" is "$id" '"state":"SUCCEEDED"'
done <"$dir/ids"
echo "$(wc -l <"$dir/ids" | tr -d ' ') have succeeded"

echo "# what the first one wrote; a log that is followed ends with its task"
qsched task logs lab "$(head -n 1 "$dir/ids")"
slow=$(qsched task submit lab --account web -- sh -c 'echo one; sleep 0.5; echo two >&2; exit 3')
qsched task logs lab "$slow" -f
qsched task show lab "$slow" | grep -o 'exit code 3'

echo "# a long one of nightly's has the oak; web preempts it, and it runs again afterwards"
long=$(qsched task submit lab --account nightly --label model:oak -- \
	sh -c "until [ -e $dir/go ]; do sleep 0.1; done")
until_true "it runs" is "$long" '"state":"RUNNING"'
short=$(qsched task submit lab --account web --label model:oak -- sleep 0.2)
until_true "web's succeeds" is "$short" '"state":"SUCCEEDED"'
touch "$dir/go" # until then nightly's would have gone on
until_true "nightly's succeeds, too" is "$long" '"state":"SUCCEEDED"'
is "$long" '"preemptions":1' && is "$long" '"attempts":2' && echo "preempted once, run twice"

echo "# one that nobody can run: why? it is cancelled"
never=$(qsched task submit lab --account web --label model:elm -- true)
qsched task why lab "$never" | head -n 1 | sed "s/$never/it/"
qsched task cancel lab "$never" | sed "s/$never/it/"

last=${pids##* }
echo "# a machine that is not fit takes no task, and says why"
printf '#!/bin/sh\necho the battery is flat\nexit 1\n' >"$dir/fit"
chmod +x "$dir/fit"
qsched agent --pool lab --name ash --check "$dir/fit" --state-dir "$dir/ash" 2>"$dir/ash.log" &
pids="$pids $!"
unfit() { qsched worker list lab | grep -q 'ash/0 .*refuses .*the battery is flat'; }
until_true "the list says so" unfit && echo "it refuses: the battery is flat"

echo "# a machine drains: it ends when its work is done and recorded"
kill -TERM "$last"
wait "$last"
echo "exit code $?"
