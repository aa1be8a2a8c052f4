# SPDX-License-Identifier: GPL-2.0-or-later
# What the benchmarks share. A scenario says in `one_run COMMAND...` what is measured: it starts the
# command by `timed_run`, and appends a line of figures to LAB_OUT/runs when the run counts.
runs=${BENCH_RUNS:-3}

mkfifo /run/lab.private/seen
exec 8<> /run/lab.private/seen

# timed WORDS COMMAND... — run it, each line of its console after the time it came at; the first line is
# the time of exec and the process. Says on descriptor 8 when a line with these words came, and the end.
timed() {
	local words=$1
	shift
	(
		echo "EXEC $BASHPID"
		exec "$@" <&7 2>&1
	) | while IFS= read -r line; do
		printf '%s %s\n' "$EPOCHREALTIME" "$line"
		[[ $line != *"$words"* ]] || echo seen >&8
	done > "$guest_log"
	echo gone >&8
}

# timed_run SECONDS WORDS COMMAND... — until that line; fails without it. Sets guest_pid, and of the
# command pid, begin, and the time that the line was seen. Nothing polls meanwhile: the emulated host
# has two processors, and what a poll costs would be taken from who uses both.
timed_run() {
	local seconds=$1 words=$2 said
	shift 2
	while read -rt 0.1 said <&8; do :; done # of the run before
	guest_log=$LAB_OUT/bench.log
	timed "$words" "$@" &
	guest_pid=$!
	read -rt $((seconds * LAB_PATIENCE)) said <&8
	pid=$(awk '$2 == "EXEC" { print $3 }' "$guest_log")
	begin=$(awk '$2 == "EXEC" { print $1 }' "$guest_log")
	seen=$(awk -v words="$words" 'index($0, words) { print $1; exit }' "$guest_log")
	[ "$said" = seen ] && return
	note "a run that does not count, no '$words': $(tail -n 1 "$guest_log")"
	end_run "$pid"
	return 1
}

# end_run PID — the guest would pause for long; what it leaves is undone
end_run() {
	kill -9 "$1"
	wait "$guest_pid" 2> /dev/null
	"$bulkhead" recover > /dev/null
}

median() { cut -d ' ' -f "$1" "$LAB_OUT/runs" | sort -n | sed -n "$(((runs + 1) / 2))p"; }

# repeat COMMAND... — runs that count until there are enough; some kernels' guests can stop for good
# (docs/lab.md): such a run is made again
repeat() {
	: > "$LAB_OUT/runs"
	for ((run = 0; run < 2 * runs && $(wc -l < "$LAB_OUT/runs") < runs; run++)); do one_run "$@"; done
	[ "$(wc -l < "$LAB_OUT/runs")" -eq "$runs" ]
}

# row TEXT — a line of the table
row() {
	echo "$1" >> "$LAB_OUT/bench.txt"
	ok "$1"
}
