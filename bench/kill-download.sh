#!/usr/bin/env bash
# Kills a download with kill -9 at random moments, again and again, and checks
# that it ends with the right sha256 and that at most 5 % more bytes were sent
# than the file has. Everything runs on this machine at full loopback speed.
#
#   bench/kill-download.sh [KILLS] [BYTES]        (20 kills, 2000000000 bytes)
#
# What the server sent is counted by the kernel: all bytes that its process
# wrote (wchar in /proc/PID/io, sendfile included), among them what lay unread
# in sockets when the client died. Needs Linux, Go and about three times BYTES
# of disk. WORK names a folder for it; SEED makes the moments repeatable.
set -euo pipefail
kills=${1:-20} bytes=${2:-2000000000}
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d "${WORK:-${TMPDIR:-/tmp}}/kill-download.XXXXXX")
server=
cleanup() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT
RANDOM=${SEED:-$$}

longcat=${LONGCAT:-$work/longcat}
[ -x "$longcat" ] || (cd "$root" && go build -o "$longcat" ./cmd/longcat)
export HF_HOME=$work/home HF_TOKEN=hf_bench HF_HUB_DISABLE_XET=1
unset HF_HUB_CACHE HF_HUB_OFFLINE HF_ENDPOINT

mkdir "$work/model"
head -c "$bytes" /dev/urandom >"$work/model/weights.bin"
want=$(sha256sum <"$work/model/weights.bin")
"$longcat" serve "$work/hub" --addr 127.0.0.1:0 --token "$HF_TOKEN" >"$work/serve.out" &
server=$!
for _ in $(seq 100); do
	HF_ENDPOINT=$(sed -n 's/^HF_ENDPOINT=//p' "$work/serve.out")
	[ -z "$HF_ENDPOINT" ] || break
	sleep 0.05
done
export HF_ENDPOINT
"$longcat" --quiet upload me/model "$work/model"
rm "$work/model/weights.bin"

sent() { awk '/^wchar/ {print $2}' "/proc/$server/io"; }
milliseconds() { date +%s%3N; }
download() { "$longcat" --quiet download me/model weights.bin --local-dir "$1" >/dev/null; }

start=$(milliseconds)
download "$work/whole"
whole=$(($(milliseconds) - start))
rm -rf "$work/whole"
echo "one download takes $whole ms; now with $kills kills"
printf '%6s %12s %16s %16s\n' kill "after ms" "sent by it" "sent in all"

before=$(sent) last=$(sent) done_early=0
for n in $(seq "$kills"); do
	moment=$((RANDOM * 2 * whole / kills / 32768))
	download "$work/out" &
	client=$!
	sleep "$(awk "BEGIN {print $moment / 1000}")"
	# the shell function runs in a subshell: its child is the downloader
	pkill -9 -P "$client" || done_early=$((done_early + 1))
	wait "$client" 2>/dev/null || true
	sleep 0.1 # the server notices, and stops to send
	now=$(sent)
	printf '%6d %12d %16d %16d\n' "$n" "$moment" $((now - last)) $((now - before))
	last=$now
	if [ -e "$work/out/weights.bin" ] && [ "$(sha256sum <"$work/out/weights.bin")" != "$want" ]; then
		echo "FAIL: a wrong file stands under the final name"
		exit 1
	fi
done
download "$work/out"
total=$(($(sent) - before))
printf '%6s %12s %16d %16d\n' last "" $((total - (last - before))) "$total"

awk "BEGIN {printf \"%d bytes sent for a file of %d: %.2f %% more; %d kills came too late\n\", $total, $bytes, ($total - $bytes) * 100 / $bytes, $done_early}"
left=$(find "$work/out" -name '*.longcat.incomplete*')
if [ "$(sha256sum <"$work/out/weights.bin")" != "$want" ]; then
	echo "FAIL: the sha256 is wrong"
elif [ -n "$left" ]; then
	echo "FAIL: left behind: $left"
elif [ $((total * 100)) -gt $((bytes * 105)) ]; then
	echo "FAIL: more than 5 %"
else
	echo "PASS"
	exit 0
fi
exit 1
