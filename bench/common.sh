# What the benchmarks share; to be sourced. They set:
#   SCALE   size of the input, in parts of the full one (default 1)
#   ROUNDS  how often each contender runs (default 3)
#   SCRATCH folder for the files, on the disk to be measured (default .cache/bench)
#   VENV virtual environment with huggingface_hub (default: one is made)
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repo"
SCALE=${SCALE:-1}
ROUNDS=${ROUNDS:-3}
SCRATCH=${SCRATCH:-$repo/.cache/bench}
mkdir -p "$SCRATCH"
scratch=$(mktemp -d "$SCRATCH/$(basename "$0" .sh).XXXXXX")
export scratch

cleanup=
trap 'set +e; eval "$cleanup"; rm -rf "$scratch"' EXIT
# later COMMAND: to be done at the end, the last one first.
later() { cleanup="$1; $cleanup"; }

export longcat=$scratch/longcat
go build -o "$longcat" ./cmd/longcat

# Nothing of the surroundings counts: no token, no cache, no proxy for loopback.
unset "${!HF_@}" "${!HUGGING@}" 2>/dev/null || true
export HF_HOME=$scratch/home HF_HUB_DISABLE_PROGRESS_BARS=1 HF_HUB_DISABLE_TELEMETRY=1

# room GB: is there enough of the disk left?
room() {
	local free
	free=$(df -Pk "$SCRATCH" | awk 'NR == 2 {printf "%d", $4 / 1e6}')
	local want
	want=$(awk "BEGIN {printf \"%.0f\", $1 * $SCALE + 1}")
	[ "$free" -ge "$want" ] || { echo "$want GB of disk are needed, $free are free: set SCRATCH, or SCALE below $SCALE" >&2; exit 2; }
}

# settle: what was written before is on the disk, and what was read forgotten
# where we may say so.
settle() {
	sync
	{ echo 3 >/proc/sys/vm/drop_caches; } 2>/dev/null || true
}
export -f settle

# hub: serves an empty folder; sets HF_ENDPOINT and HF_TOKEN. Called again, it
# begins anew at the same address.
hub() {
	stop_hub
	rm -rf "$scratch/hub"
	"$longcat" serve "$scratch/hub" --addr "${address:-127.0.0.1:0}" --token hf_bench >"$scratch/hub.log" &
	echo $! >"$scratch/hub.pid"
	until grep -q HF_ENDPOINT= "$scratch/hub.log"; do
		kill -0 "$(cat "$scratch/hub.pid")"
		sleep 0.1
	done
	HF_ENDPOINT=$(sed -n 's/^HF_ENDPOINT=//p' "$scratch/hub.log")
	address=${HF_ENDPOINT#http://}
	export address HF_ENDPOINT HF_TOKEN=hf_bench
}
stop_hub() {
	[ -e "$scratch/hub.pid" ] || return 0
	kill "$(cat "$scratch/hub.pid")"
	while kill -0 "$(cat "$scratch/hub.pid")" 2>/dev/null; do sleep 0.1; done
	rm "$scratch/hub.pid"
}
later stop_hub
export -f hub stop_hub

# hf_venv: puts the hf command into PATH.
hf_venv() {
	local venv
	venv=${VENV:-$(interop/venv interop/requirements.txt)}
	PATH=$venv/bin:$PATH
}
