#!/usr/bin/env bash
# Downloads a file of 300 MB in chunks from a hub that is far away, ROUNDS times
# (12), each time with one wrong byte on the way: before, at and behind the border
# of the 32 MiB that come as ranges first, and anywhere; whole, and killed and
# resumed. What stands under the final name must be right. SEED makes the places
# repeatable. Needs 1 GB of disk.
ROUNDS=${ROUNDS:-12}
source "$(dirname "$0")/common.sh"
room 1
RANDOM=${SEED:-$$}

bytes=300000000
hub
head -c "$bytes" /dev/urandom >"$scratch/weights.bin"
want=$(sha256sum <"$scratch/weights.bin")
"$longcat" upload bench/file "$scratch/weights.bin" --quiet >/dev/null
rm "$scratch/weights.bin"

proxy=
later '[ -z "$proxy" ] || kill "$proxy"'
border=$((32 << 20))
failed=0
for n in $(seq "$ROUNDS"); do
	kind=xorb
	case $((n % 6)) in
	0) kind=cdn at=$((border - 1)) ;;
	1) at=$((RANDOM % 100000)) ;;                          # the chunk across the border
	2) at=$((border + RANDOM)) ;;                          # between the probe and the rest
	3) kind=cdn at=$((RANDOM * RANDOM % border)) ;;
	*) at=$(((RANDOM << 15 | RANDOM) % bytes)) ;;
	esac
	rm -f "$scratch/proxy"
	python3 bench/wrong-bytes.py "$HF_ENDPOINT" 40 "$kind" "$at" >"$scratch/proxy" &
	proxy=$!
	until [ -s "$scratch/proxy" ]; do sleep 0.05; done
	out=$scratch/out
	rm -rf "$out"
	download=(env HF_ENDPOINT="$(cat "$scratch/proxy")" "$longcat" download bench/file weights.bin --quiet --local-dir "$out")
	how=whole
	if [ $((n % 2)) = 0 ]; then
		how="killed, resumed"
		{ timeout -s KILL "$(awk "BEGIN {print 0.3 + $RANDOM / 32768 * 2}")" "${download[@]}" >/dev/null; } 2>/dev/null || true
	fi
	"${download[@]}" >/dev/null && result=right || result="no file"
	if [ -e "$out/weights.bin" ] && [ "$(sha256sum <"$out/weights.bin")" != "$want" ]; then
		result=WRONG
	fi
	[ "$result" = right ] || failed=1
	printf '%3d %-16s byte %9d of %-5s %s\n' "$n" "$how" "$at" "$kind" "$result"
	kill "$proxy"
	wait "$proxy" 2>/dev/null || true
	proxy=
done
[ "$failed" = 0 ] && echo PASS || { echo FAIL; exit 1; }
