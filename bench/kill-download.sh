#!/usr/bin/env bash
# Kills a download of 2 GB with kill -9 at 20 random moments and checks that it
# ends with the right sha256, and that at most 5 % more bytes were sent than the
# file has. Everything runs on this machine at full loopback speed.
#
# What the server sent is counted by the kernel: all that its process wrote
# (wchar in /proc/PID/io, sendfile included), so what lay unread in sockets when
# the client died counts. KILLS changes their number, SEED makes the moments
# repeatable. Needs Linux, and 6 GB of disk at SCALE=1.
source "$(dirname "$0")/common.sh"
room 6
KILLS=${KILLS:-20}
RANDOM=${SEED:-$$}

bytes=$(awk "BEGIN {printf \"%.0f\", 2e9 * $SCALE}")
hub
head -c "$bytes" /dev/urandom >"$scratch/weights.bin"
want=$(sha256sum <"$scratch/weights.bin")
"$longcat" upload bench/file "$scratch/weights.bin" --quiet >/dev/null
rm "$scratch/weights.bin"
server=$(cat "$scratch/hub.pid")

sent() { awk '/^wchar/ {print $2}' "/proc/$server/io"; }
milliseconds() { date +%s%3N; }
download="$longcat download bench/file weights.bin --quiet --local-dir"

start=$(milliseconds)
$download "$scratch/whole" >/dev/null
whole=$(($(milliseconds) - start))
rm -rf "$scratch/whole"
echo "$bytes bytes in $whole ms without a kill; now with $KILLS"
printf '%6s %12s %16s %16s\n' kill "after ms" "sent by it" "sent in all"

out=$scratch/out
before=$(sent) last=$(sent) late=0
for n in $(seq "$KILLS"); do
	moment=$((RANDOM * whole / KILLS * 5 / 4 / 32768 + 20)) # so that most come before the end
	$download "$out" >/dev/null &
	client=$!
	disown "$client" # the shell is not to report the kill
	sleep "$(awk "BEGIN {print $moment / 1000}")"
	kill -9 "$client" 2>/dev/null || late=$((late + 1))
	while kill -0 "$client" 2>/dev/null; do sleep 0.01; done
	sleep 0.1 # the server notices, and stops to send
	now=$(sent)
	printf '%6d %12d %16d %16d\n' "$n" "$moment" $((now - last)) $((now - before))
	last=$now
	if [ -e "$out/weights.bin" ] && [ "$(sha256sum <"$out/weights.bin")" != "$want" ]; then
		echo "FAIL: a wrong file stands under the final name"
		exit 1
	fi
done
$download "$out" >/dev/null
total=$(($(sent) - before))
printf '%6s %12s %16d %16d\n' last "" $((total - last + before)) "$total"
awk "BEGIN {printf \"$total bytes sent for a file of $bytes: %.2f %% more; $late kills came after the end\n\", ($total - $bytes) * 100 / $bytes}"

left=$(find "$out" -name '*.longcat.incomplete*')
if [ "$(sha256sum <"$out/weights.bin")" != "$want" ]; then
	echo "FAIL: the sha256 is wrong"
elif [ -n "$left" ]; then
	echo "FAIL: left behind: $left"
elif [ $((total * 100)) -gt $((bytes * 105)) ]; then
	echo "FAIL: more than 5 %"
else
	echo PASS
	exit 0
fi
exit 1
