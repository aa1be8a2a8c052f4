# SPDX-License-Identifier: GPL-2.0-or-later
# What the benchmarks share. A scenario says in `one_run COMMAND...` what is measured: it starts the
# command by `timed`, and appends a line of figures to LAB_OUT/runs when the run counts.
runs=${BENCH_RUNS:-3}

# timed COMMAND... — run it, each line of its console after the time it came at; the first line is
# the time of exec and the process
timed() {
	(
		echo "EXEC $BASHPID"
		exec "$@" <&7 2>&1
	) | while IFS= read -r line; do printf '%s %s\n' "$EPOCHREALTIME" "$line"; done > "$guest_log"
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
