#!/usr/bin/env bash
# Computes merges of three models of 2.2 GB by several methods, beside mergekit
# where MERGEKIT names a mergekit-yaml. Without it, the times are held against
# those that mergekit 0.1.5 took on two cores, at SCALE=1.
# Needs 11 GB of disk at SCALE=1.
source "$(dirname "$0")/common.sh"
room 11

export out=$scratch/out
for i in 0 1 2; do
	go run ./bench/model -scale "$(awk "BEGIN {print 0.15 * $SCALE}")" -sibling $i "$scratch/m$i"
done

# merged METHOD RECIPE-LINES
merged() { printf 'merge_method: %s\ndtype: bfloat16\n%s\n' "$1" "$2" >"$scratch/$1.yaml"; }
m="{model: $scratch/m"
merged linear "models: [${m}1, parameters: {weight: 0.6}}, ${m}2, parameters: {weight: 0.4}}]"
merged slerp "$(printf 'base_model: %s\nparameters: {t: 0.4}\nmodels: [%s0}, %s1}]' "$scratch/m0" "$m" "$m")"
for method in ties dare_ties della; do
	merged $method "$(printf 'base_model: %s\nmodels: [%s1, parameters: {weight: 0.6, density: 0.5}}, %s2, parameters: {weight: 0.5, density: 0.6}}]' "$scratch/m0" "$m" "$m")"
done

export MERGEKIT=${MERGEKIT:-}
ours() { "$longcat" merge "$scratch/$1.yaml" "$out" --quiet --no-card --random-seed 1 >/dev/null; }
theirs() { $MERGEKIT "$scratch/$1.yaml" "$out" --random-seed 1 --no-copy-tokenizer >"$scratch/mergekit.log" 2>&1 || { tail "$scratch/mergekit.log" >&2; return 1; }; }
export -f ours theirs

missed=0
# METHOD, the part of mergekit's time that is allowed, and mergekit's seconds
while read -r method part seconds; do
	echo "$method, $ROUNDS rounds"
	limits=(--memory longcat 256) contenders=("longcat=ours $method")
	if [ -n "$MERGEKIT" ]; then
		contenders+=("mergekit=theirs $method")
		limits+=(--time longcat "$part" mergekit)
	elif [ "$SCALE" = 1 ]; then
		limits+=(--seconds longcat "$(awk "BEGIN {print $part * $seconds}")")
	fi
	python3 bench/rounds.py --rounds "$ROUNDS" --before 'rm -rf "$out"; sync' "${limits[@]}" "${contenders[@]}" || missed=1
done <<-END
	linear 0.25 17.6
	slerp 0.25 27.9
	dare_ties 0.125 66.7
	ties 0.0667 168.9
	della 0.0667 199.8
END
exit $missed
