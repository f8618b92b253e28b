#!/usr/bin/env bash
# Publishes the LongCAT merge of a model of CatPPT's shape to "longcat serve",
# 14.5 GB to 21.5 GB, and uploads the base model with longcat and with hf.
# Every run finds an empty hub. Needs 37 GB of disk at SCALE=1.
source "$(dirname "$0")/common.sh"
room 37
hf_venv

export base=$scratch/base recipe=$scratch/recipe.yaml
go run ./bench/model -scale "$SCALE" "$base"
sed "s|rishiraj/CatPPT-base|$base|" examples/longcat-10.7b.yaml >"$recipe"
publish() { "$longcat" publish "$recipe" --to bench/merged --quiet >/dev/null; }
upload() { "$longcat" upload bench/base "$base" --quiet >/dev/null; }
hf_upload() { hf upload bench/base "$base" --quiet >/dev/null; }
export -f publish upload hf_upload
hub
missed=0

# rounds BYTES ARGUMENT…
rounds() {
	local bytes=$1
	shift
	python3 bench/rounds.py --rounds "$ROUNDS" --bytes "$bytes" --before 'hub; settle' "$@" || missed=1
}

merged=$("$longcat" plan "$recipe" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["size"])')
echo "publishing a merge of $merged bytes, $ROUNDS rounds"
rounds "$merged" --memory "through LFS" 64 --memory "through Xet" 128 \
	"through LFS=HF_HUB_DISABLE_XET=1 publish" "through Xet=publish"

bytes=$(cat "$base"/*.safetensors | wc -c)
echo
echo "uploading the base model of $bytes bytes, $ROUNDS rounds"
rounds "$bytes" --time longcat 1.00 hf --time "longcat, no Xet" 1.00 "hf, no Xet" \
	longcat=upload hf=hf_upload "longcat, no Xet=HF_HUB_DISABLE_XET=1 upload" "hf, no Xet=HF_HUB_DISABLE_XET=1 hf_upload"
exit $missed
