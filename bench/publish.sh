#!/usr/bin/env bash
# Publishes the LongCAT merge of a model of CatPPT's shape to "longcat serve",
# 14.5 GB to 21.5 GB, and uploads the base model with longcat and with hf.
# Every run finds an empty hub; at the end, once, one that holds the base model,
# which is fetched then and of which nothing should be sent back. Needs 45 GB of
# disk at SCALE=1.
source "$(dirname "$0")/common.sh"
room 45
hf_venv

export base=$scratch/base recipe=$scratch/recipe.yaml
go run ./bench/model -scale "$SCALE" "$base"
sed "s|rishiraj/CatPPT-base|$base|" examples/longcat-10.7b.yaml >"$recipe"
publish() { "$longcat" publish "$recipe" --to bench/merged --quiet >/dev/null; }
upload() { "$longcat" upload bench/base "$base" --quiet >/dev/null; }
hf_upload() { hf upload bench/base "$base" --quiet >/dev/null; }
publish_known() { "$longcat" publish examples/longcat-10.7b.yaml --to bench/merged --json --quiet >"$scratch/published.json"; }
export -f publish upload hf_upload publish_known
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

echo
echo "publishing the same merge where the hub holds the base model and this machine does not, once"
hub
"$longcat" upload rishiraj/CatPPT-base "$base" --quiet >/dev/null
settle
python3 bench/rounds.py --rounds 1 --bytes "$merged" --memory "through Xet" 128 "through Xet=publish_known" || missed=1
python3 - "$scratch/published.json" "$merged" <<'EOF' || missed=1
import json, sys
sent, size = json.load(open(sys.argv[1]))["sent"], int(sys.argv[2])
print(f"{'kept:  ' if sent < size / 1000 else 'MISSED:'} {sent} bytes of {size} were sent, {100 * sent / size:.3f} %, under 0.1 wanted")
sys.exit(sent >= size / 1000)
EOF
exit $missed
