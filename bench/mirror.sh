#!/usr/bin/env bash
# Mirrors from one "longcat serve" into a folder:
#   1. a file of 2 GB, beside "longcat download" and "hf download" of it;
#   2. 3,000 small files, beside "hf download" of them;
#   3. 100 repos, for the memory that it takes, and how many requests a second run makes;
#   4. with kill -9 at 20 random moments (KILLS, SEED) of a repo with both: every
#      object in the folder has the sha256 that its name says, and a rerun ends right;
#   5. "serve --upstream": 20 clients ask for the file at once, which is fetched once.
# Needs 8 GB of disk at SCALE=1.
source "$(dirname "$0")/common.sh"
room 8
hf_venv
KILLS=${KILLS:-20}
RANDOM=${SEED:-$$}

bytes=$(awk "BEGIN {printf \"%.0f\", 2e9 * $SCALE}")
small=${SMALL:-3000}
export out=$scratch/out
hub
head -c "$bytes" /dev/urandom >"$scratch/weights.bin"
"$longcat" upload bench/file "$scratch/weights.bin" --quiet >/dev/null
mkdir "$scratch/small"
for n in $(seq "$small"); do echo "file $n of many" >"$scratch/small/$n.json"; done
"$longcat" upload bench/small "$scratch/small" --quiet >/dev/null
before='rm -rf "$out"; sync'

echo "a file of $bytes bytes, $ROUNDS rounds"
python3 bench/rounds.py --rounds "$ROUNDS" --bytes "$bytes" --before "$before" --time mirror 1.10 download --memory mirror 128 \
	"mirror=$longcat mirror bench/file $out --quiet >/dev/null" \
	"download=$longcat download bench/file --local-dir $out --quiet >/dev/null" \
	"hf=hf download bench/file --local-dir $out --quiet >/dev/null"
echo "$small small files, $ROUNDS rounds"
python3 bench/rounds.py --rounds "$ROUNDS" --bytes "$small" --before "$before" --time mirror 0.25 hf --memory mirror 128 \
	"mirror=$longcat mirror bench/small $out --quiet >/dev/null" \
	"hf=hf download bench/small --local-dir $out --quiet >/dev/null"

repos=${REPOS:-100}
for n in $(seq "$repos"); do
	"$longcat" upload "many/m$n" "$scratch/small" --include "$((n % 9 + 1))*.json" --quiet >/dev/null
done
echo "$repos repos"
python3 bench/rounds.py --rounds 1 --bytes "$repos" --before "$before" --memory mirror 128 \
	"mirror=$longcat mirror many/* $out --quiet >/dev/null"
"$longcat" mirror "many/*" "$out" --quiet >/dev/null
requests=$(LONGCAT_DEBUG=http "$longcat" mirror "many/*" "$out" --quiet 2>&1 >/dev/null | grep -c '^longcat: debug: GET' || true)
echo "a second run of $repos repos: $requests requests"

"$longcat" serve "$scratch/copy" --addr 127.0.0.1:0 --upstream "$HF_ENDPOINT" --quiet >"$scratch/copy.log" &
echo $! >"$scratch/copy.pid"
later 'kill "$(cat "$scratch/copy.pid")" 2>/dev/null'
until grep -q HF_ENDPOINT= "$scratch/copy.log"; do sleep 0.1; done
sent() { awk '/^wchar/ {print $2}' "/proc/$(cat "$scratch/hub.pid")/io"; }
was=$(sent) start=$(date +%s%3N) clients=()
for n in $(seq 20); do
	HF_TOKEN='' HF_ENDPOINT=$(sed -n 's/^HF_ENDPOINT=//p' "$scratch/copy.log") "$longcat" download bench/file --local-dir "$scratch/c$n" --quiet >/dev/null &
	clients+=($!)
done
wait "${clients[@]}"
awk "BEGIN {printf \"20 clients of serve --upstream: %.1f s, the upstream sent %.3f of the file's bytes\\n\", ($(date +%s%3N) - $start) / 1000, ($(sent) - $was) / $bytes}"
for n in $(seq 20); do
	cmp "$scratch/c$n/weights.bin" "$scratch/weights.bin"
	rm -r "$scratch/c$n"
done
kill "$(cat "$scratch/copy.pid")"
rm -rf "$scratch/copy"

"$longcat" upload bench/both "$scratch/weights.bin" --quiet >/dev/null
"$longcat" upload bench/both "$scratch/small" --quiet >/dev/null
rm -rf "$out"
start=$(date +%s%3N)
"$longcat" mirror bench/both "$out" --quiet >/dev/null
whole=$(($(date +%s%3N) - start))
rm -rf "$out"
late=0
wrong() {
	find "$out/objects" -type f 2>/dev/null | while read -r f; do
		[ "$(sha256sum <"$f" | cut -d' ' -f1)" = "$(basename "$f")" ] || echo "$f"
	done
}
for _ in $(seq "$KILLS"); do
	"$longcat" mirror bench/both "$out" --quiet >/dev/null &
	client=$!
	disown "$client" # the shell is not to report the kill
	sleep "$(awk "BEGIN {print ($RANDOM * $whole / $KILLS * 1.25 / 32768 + 20) / 1000}")"
	kill -9 "$client" 2>/dev/null || late=$((late + 1))
	while kill -0 "$client" 2>/dev/null; do sleep 0.01; done
	[ -z "$(wrong)" ] || { echo "FAIL: wrong objects: $(wrong)"; exit 1; }
done
"$longcat" mirror bench/both "$out" --quiet >/dev/null
[ -z "$(wrong)" ] || { echo "FAIL: wrong objects: $(wrong)"; exit 1; }
stop_hub
"$longcat" serve "$out" --addr "$address" --quiet >"$scratch/hub.log" &
echo $! >"$scratch/hub.pid"
until grep -q HF_ENDPOINT= "$scratch/hub.log"; do sleep 0.1; done
HF_TOKEN= "$longcat" download bench/both --local-dir "$scratch/check" --quiet >/dev/null
cmp "$scratch/check/weights.bin" "$scratch/weights.bin"
rm "$scratch/check/weights.bin"
diff -r -x .gitattributes -x .cache "$scratch/small" "$scratch/check"
[ ! -e "$out/mirror/models--bench--both" ] || { echo "FAIL: left behind: $out/mirror"; exit 1; }
echo "PASS: $KILLS kills ($late came after the end), the mirror is right"
