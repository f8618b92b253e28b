#!/usr/bin/env bash
# Downloads a file of 2 GB over loopback from "longcat serve" with longcat, hf,
# and aria2c and curl where they are installed. longcat checks the sha256 of
# what it gets, and the others do not.
# Needs 6 GB of disk at SCALE=1.
source "$(dirname "$0")/common.sh"
room 6
hf_venv

bytes=$(awk "BEGIN {printf \"%.0f\", 2e9 * $SCALE}")
export out=$scratch/out
hub
head -c "$bytes" /dev/urandom >"$scratch/weights.bin"
"$longcat" upload bench/file "$scratch/weights.bin" --quiet >/dev/null
rm "$scratch/weights.bin"
url=$HF_ENDPOINT/bench/file/resolve/main/weights.bin

contenders=(
	"longcat=$longcat download bench/file weights.bin --local-dir $out --quiet >/dev/null"
	"hf=hf download bench/file weights.bin --local-dir $out --quiet >/dev/null"
	"hf, no Xet=HF_HUB_DISABLE_XET=1 hf download bench/file weights.bin --local-dir $out --quiet >/dev/null"
)
if command -v aria2c >/dev/null; then
	contenders+=("aria2c -x8=aria2c -q -x8 -s8 -k1M --file-allocation=none -d $out -o weights.bin $url")
fi
if command -v curl >/dev/null; then
	contenders+=("curl=curl -sfL --create-dirs -o $out/weights.bin $url")
fi
echo "download of $bytes bytes over loopback, $ROUNDS rounds"
python3 bench/rounds.py --rounds "$ROUNDS" --bytes "$bytes" --before 'rm -rf "$out"; sync' \
	--after "[ \$(stat -c %s $out/weights.bin) = $bytes ]" \
	--time longcat 1.00 fastest --memory longcat 64 "${contenders[@]}"
