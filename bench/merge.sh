#!/usr/bin/env bash
# Merges a model of CatPPT's shape by the LongCAT recipe, 14.5 GB to 21.5 GB,
# beside cp of as many bytes, and mergekit where MERGEKIT names a mergekit-yaml.
# As root, with mkfs.xfs: once more on a filesystem with reflinks.
# Needs 37 GB of disk at SCALE=1, then 19 GB for the reflinks.
source "$(dirname "$0")/common.sh"
room 37

export base=$scratch/base out=$scratch/out recipe=$scratch/recipe.yaml
go run ./bench/model -scale "$SCALE" "$base"
sed "s|rishiraj/CatPPT-base|$base|" examples/longcat-10.7b.yaml >"$recipe"
bytes=$("$longcat" plan "$recipe" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["size"])')
export bytes

# The files shrink with the model, so that there are as many at every scale.
export shard=$(awk "BEGIN {printf \"%.0f\", 5000 * $SCALE}")MB
merge() { "$longcat" merge "$recipe" "$out" --quiet --shard-size "$shard" >/dev/null; }

# copy: as many bytes as the merge writes, from the files that it reads. The
# merged files themselves would do as well, but take 21.5 GB more.
copy() {
	local left=$bytes round file n
	mkdir -p "$out"
	for round in 1 2; do
		for file in "$base"/*.safetensors; do
			n=$(stat -c %s "$file")
			if [ "$n" -le "$left" ]; then
				cp "$file" "$out/$round-$(basename "$file")"
			else
				n=$left
				head -c "$n" "$file" >"$out/$round-$(basename "$file")"
			fi
			left=$((left - n))
		done
	done
}
export -f merge copy

contenders=("longcat=merge" "cp=copy" "cp, synced=copy; sync -f $out")
if [ -n "${MERGEKIT:-}" ]; then
	export MERGEKIT
	mergekit() { $MERGEKIT "$recipe" "$out" --copy-tokenizer --allow-crimes >"$scratch/mergekit.log" 2>&1 || { tail "$scratch/mergekit.log" >&2; return 1; }; }
	export -f mergekit
	contenders+=("mergekit=mergekit")
fi
echo "merge of $bytes bytes on $(stat -f -c %T "$scratch"), $ROUNDS rounds"
missed=0
# longcat does not end before all is on the disk; cp does, so that it is held
# against cp alone only where there is more than memory takes.
alone=()
[ "$SCALE" != 1 ] || alone=(--time longcat 1.10 cp)
python3 bench/rounds.py --rounds "$ROUNDS" --bytes "$bytes" --before 'rm -rf "$out"; settle' \
	"${alone[@]}" --time longcat 1.05 "cp, synced" --memory longcat 64 "${contenders[@]}" || missed=1
rm -rf "$base" "$out"

# The same with blocks that files can share.
if [ "$(id -u)" != 0 ] || ! command -v mkfs.xfs >/dev/null; then
	echo "not measured with reflinks: that needs root and mkfs.xfs"
	exit $missed
fi
room 19
mount=$scratch/xfs
mkdir "$mount"
truncate -s "$(awk "BEGIN {printf \"%.0f\", 18e9 * $SCALE + 1e9}")" "$scratch/xfs.img"
mkfs.xfs -q -m reflink=1 "$scratch/xfs.img"
mount -o loop "$scratch/xfs.img" "$mount"
later "umount $mount"
base=$mount/base out=$mount/out
go run ./bench/model -scale "$SCALE" "$base"
sed "s|rishiraj/CatPPT-base|$base|" examples/longcat-10.7b.yaml >"$recipe"
used() { sync -f "$mount"; df -B1 --output=used "$mount" | tail -n 1; }

echo
echo "merge of $bytes bytes on XFS with reflinks, $ROUNDS rounds"
before=$(used)
python3 bench/rounds.py --rounds "$ROUNDS" --bytes "$bytes" --before 'rm -rf "$out"; settle' \
	--seconds longcat 3 --memory longcat 64 "longcat=merge" || missed=1
new=$(($(used) - before))
echo "$new bytes of new blocks for $bytes bytes of files: $(awk "BEGIN {printf \"%.2f\", 100 * $new / $bytes}") %, under 1 wanted"
[ $((new * 100)) -lt "$bytes" ] || { echo "MISSED: new blocks"; missed=1; }
exit $missed
