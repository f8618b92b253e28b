#!/bin/sh
# Looks at the pages of "longcat serve" in headless Chromium: light, dark, and
# 320 pixels wide. Fails when the console shows an error, a picture does not
# load, a page is wider than the window, or axe-core finds a barrier.
#
#   interop/pages.sh [DIR]    leave the screenshots in DIR
#
# Exit code 77: skipped, because Chromium, Node.js or npm's packages are not to be had.
# Set PAGES_MODULES to a folder where puppeteer-core and axe-core are installed
# to do without npm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
skip() { echo "pages.sh: skipped: $*" >&2; exit 77; }

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "no Chromium (Debian: apt-get install chromium)"
command -v node >/dev/null || skip "no Node.js"

work=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

modules=${PAGES_MODULES:-}
if test -z "$modules"; then
	command -v npm >/dev/null || skip "no npm"
	npm install --prefix "$work/node" --silent --no-audit --no-fund puppeteer-core@24.43.1 axe-core@4.14.1 >"$work/npm.log" 2>&1 ||
		skip "npm can not install puppeteer-core and axe-core: $(tail -n 1 "$work/npm.log")"
	modules=$work/node
fi

(cd "$here/.." && go build -o "$work/longcat" ./cmd/longcat)
"$work/longcat" demo --keep "$work/hub" >"$work/demo.log" 2>&1 || { cat "$work/demo.log" >&2; exit 1; }
: >"$work/serve.log"
"$work/longcat" serve "$work/hub" --addr 127.0.0.1:0 --token hf_pages >"$work/serve.log" 2>&1 &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	endpoint=$(sed -n 's/^HF_ENDPOINT=//p' "$work/serve.log")
	test -z "$endpoint" || break
	sleep 0.3
done
test -n "$endpoint" || { cat "$work/serve.log" >&2; exit 1; }

# Beside the demo's models: a dataset and a private model. pages.mjs adds one
# that attacks the reader.
HF_ENDPOINT=$endpoint HF_TOKEN=hf_pages HF_HOME=$work/home
export HF_ENDPOINT HF_TOKEN HF_HOME
longcat() { "$work/longcat" --quiet "$@" >"$work/upload.log" 2>&1 || { cat "$work/upload.log" >&2; exit 1; }; }
mkdir -p "$work/data/train" "$work/secret"
printf -- '---\nlicense: cc-by-4.0\nlanguage: [en, de]\n---\n# Small data\n\nThree rows.\n' >"$work/data/README.md"
for i in 1 2 3; do printf 'a,b\n%s,2\n' "$i" >"$work/data/train/part-$i.csv"; done
printf '# Nobody sees this\n' >"$work/secret/README.md"
longcat upload --repo-type dataset me/small-data "$work/data"
longcat upload me/secret "$work/secret" --private

shots=${1:-$work/shots}
mkdir -p "$shots"
node "$here/pages.mjs" "$modules" "$chromium" "$endpoint" "$work/profile" "$shots"
