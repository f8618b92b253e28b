#!/usr/bin/env bash
# Builds what people install, and uses it: the image with buildah (without a
# network), and where goreleaser is installed a snapshot of a release and its
# Debian package with dpkg. Needs root for dpkg.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

make -s image IMAGE=longcat-check
container=$(buildah from longcat-check)
trap 'buildah rm "$container" >/dev/null; rm -rf "$dir"' EXIT
root=$(buildah mount "$container")
test -x "$root/longcat" && test -s "$root/etc/ssl/certs/ca-certificates.crt"
"$root/longcat" version
buildah config --cmd "" "$container"
echo "image: $(buildah inspect --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}}' "$container")"
buildah umount "$container" >/dev/null

if command -v goreleaser >/dev/null; then
	git clone -q . "$dir/source"
	cd "$dir/source"
	git tag -f "v$(sed -n 's/^## \[\([0-9.]*\)\].*/\1/p' CHANGELOG.md | head -n 1)"
	goreleaser release --snapshot --clean >/dev/null 2>&1
	(cd dist && sha256sum -c --quiet checksums.txt)
	dpkg -i dist/longcat_*_linux_amd64.deb >/dev/null
	longcat version
	longcat demo >/dev/null
	dpkg -r longcat >/dev/null
	! command -v longcat
	echo "release: $(ls dist/*.tar.gz dist/*.zip dist/*.deb | wc -l) files"
fi
