#!/usr/bin/env bash
# Publishes the LongCAT merge of a model of CatPPT's shape without a disk: how
# many bytes are fetched, written to disk and held in memory. Then again, killed
# with kill -9 at random moments, every second time with a fresh home, as on
# another machine: it must end right, in one commit, with no branch left.
# Everything runs on this machine. KILLS changes their number, SEED makes the
# moments repeatable. Needs Linux, and 40 GB of disk at SCALE=1. At less than
# SCALE=0.1 weights are too few to be staged.
source "$(dirname "$0")/common.sh"
room 40
KILLS=${KILLS:-10}
RANDOM=${SEED:-$$}

go run ./bench/model -scale "$SCALE" "$scratch/base"
base=$(cat "$scratch"/base/*.safetensors | wc -c)
hub
"$longcat" upload rishiraj/CatPPT-base "$scratch/base" --quiet >/dev/null
rm -rf "$scratch/base"
publish() { exec "$longcat" publish examples/longcat-10.7b.yaml --to "$1" --no-disk --quiet; }
milliseconds() { date +%s%3N; }
missed=0
check() { # NAME VALUE MOST
	if awk "BEGIN {exit !($2 <= $3)}"; then echo "kept:   $1 $2, at most $3"; else echo "MISSED: $1 $2, at most $3"; missed=1; fi
}

start=$(milliseconds)
(publish bench/whole >/dev/null) &
client=$!
while [ -e "/proc/$client/io" ]; do
	cat "/proc/$client/io" >"$scratch/io.new" 2>/dev/null && [ -s "$scratch/io.new" ] && mv "$scratch/io.new" "$scratch/io"
	grep VmHWM "/proc/$client/status" >"$scratch/rss.new" 2>/dev/null && [ -s "$scratch/rss.new" ] && mv "$scratch/rss.new" "$scratch/rss"
	sleep 0.05
done
wait "$client"
whole=$(($(milliseconds) - start))
read_bytes=$(awk '/^rchar/ {print $2}' "$scratch/io")
echo "$base bytes of weights, published in $whole ms"
check "bytes read, from the network and else, in parts of the base's:" "$(awk "BEGIN {printf \"%.3f\", $read_bytes / $base}")" 1.02
check "MB written to disk:" "$(awk '/^write_bytes/ {printf "%.1f", $2 / 1e6}' "$scratch/io")" 10
check "MiB resident:" "$(awk '{printf "%d", $2 / 1024}' "$scratch/rss")" 256
"$longcat" verify bench/whole --quiet >/dev/null

late=0
for n in $(seq "$KILLS"); do
	[ $((n % 2)) = 0 ] || { rm -rf "$HF_HOME" && HF_HOME=$scratch/home$n; }
	(publish bench/killed >/dev/null 2>&1) &
	client=$!
	disown "$client"
	sleep "$(awk "BEGIN {print ($RANDOM / 32768 * $whole / 3 + 50) / 1000}")" # so that most come before the end
	kill -9 "$client" 2>/dev/null || late=$((late + 1))
	while kill -0 "$client" 2>/dev/null; do sleep 0.01; done
done
(publish bench/killed >/dev/null)
"$longcat" verify bench/killed --quiet >/dev/null
api=$HF_ENDPOINT/api/models/bench/killed
commits=$(curl -fsS "$api/commits/main" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')
branches=$(curl -fsS "$api/refs" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["branches"]))')
echo "$KILLS kills, $late of them after the end: the result is right"
check "commits on main, the first one included:" "$commits" 2
check "branches:" "$branches" 1
exit $missed
