#!/usr/bin/env bash
# package.sh [OUT]: a Debian package and a tar.gz for amd64 and arm64, with the
# list of what is in them (SBOM) and SHA256SUMS. The same commit gives the same
# bytes. With RELEASE_KEY, an SSH key, the sums are signed; to verify:
#   ssh-keygen -Y verify -f allowed_signers -I veghe -n veghe-release -s SHA256SUMS.sig <SHA256SUMS
#
#   ARCHS    what to build for (amd64 arm64)
#   CHECK=1  builds again in another folder and compares
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath -m "${1:-dist}")
src=$PWD
export CGO_ENABLED=0 TZ=UTC LC_ALL=C
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
version=${VERSION:-$(git describe --tags --match 'v*' 2>/dev/null | sed 's/^v//' || true)}
version=${version:-0.0.0+git$(git log -1 --format=%cd --date=format:%Y%m%d).$(git rev-parse --short=10 HEAD)}
rm -rf "$out"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build ARCH INTO: the binary.
build() { GOOS=linux GOARCH=$1 go build -trimpath -buildvcs=auto -ldflags='-s -w' -o "$2" ./cmd/veghe; }

# tree ARCH: what both kinds of package hold, below usr and etc.
tree() {
  local root=$work/$1
  install -D -m 755 "$work/veghe-$1" "$root/usr/bin/veghe"
  install -D -m 640 deploy/veghe.example.yaml "$root/etc/veghe/veghe.yaml"
  install -D -m 644 -t "$root/usr/lib/systemd/system" deploy/systemd/veghe.service deploy/systemd/veghe-backup.service deploy/systemd/veghe-backup.timer
  install -D -m 644 deploy/systemd/veghe.sysusers "$root/usr/lib/sysusers.d/veghe.conf"
  install -D -m 644 deploy/systemd/veghe.tmpfiles "$root/usr/lib/tmpfiles.d/veghe.conf"
  install -D -m 644 -t "$root/usr/share/doc/veghe" README.md CHANGELOG.md SECURITY.md docs/THIRD_PARTY.md
  install -D -m 644 LICENSE "$root/usr/share/doc/veghe/copyright"
  (cd docs && find . -name '*.md' -exec install -D -m 644 {} "$root/usr/share/doc/veghe/docs/{}" \;)
  (cd deploy && find prometheus alertmanager grafana -type f ! -name '*.go' -exec install -D -m 644 {} "$root/usr/share/veghe/{}" \;)
  install -D -m 644 "$out/veghe_${version}_sbom.cdx.json" "$root/usr/share/doc/veghe/sbom.cdx.json"
  find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# deb ARCH
deb() {
  local root=$work/$1 control=$work/$1/DEBIAN
  mkdir -p "$control"
  sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$1/" -e "s/@SIZE@/$(du -sk --apparent-size "$root" | cut -f1)/" deploy/package/control >"$control/control"
  echo /etc/veghe/veghe.yaml >"$control/conffiles"
  install -m 755 deploy/package/postinst deploy/package/prerm "$control"
  (cd "$root" && find usr etc -type f -print0 | sort -z | xargs -0 md5sum) >"$control/md5sums"
  find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --build "$root" "$out/veghe_${version}_$1.deb" >/dev/null
  rm -r "$control"
}

# archive ARCH
archive() {
  tar -C "$work/$1" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -cf - usr etc |
    gzip -n -6 >"$out/veghe_${version}_linux_$1.tar.gz"
}

for arch in ${ARCHS:-amd64 arm64}; do
  build "$arch" "$work/veghe-$arch"
done
host=$(go env GOHOSTARCH)
[ -e "$work/veghe-$host" ] || build "$host" "$work/veghe-$host"
"$work/veghe-$host" version -sbom >"$out/veghe_${version}_sbom.cdx.json"
for arch in ${ARCHS:-amd64 arm64}; do
  tree "$arch"
  deb "$arch"
  archive "$arch"
done
(cd "$out" && sha256sum -- * >"$work/sums" && mv "$work/sums" SHA256SUMS)
[ -z "${RELEASE_KEY:-}" ] || ssh-keygen -q -Y sign -f "$RELEASE_KEY" -n veghe-release "$out/SHA256SUMS"
cat "$out/SHA256SUMS"

if [ -n "${CHECK:-}" ]; then
  git worktree add -q --detach "$work/again" HEAD
  trap 'git -C "$src" worktree remove --force "$work/again"; rm -rf "$work"' EXIT
  (cd "$work/again" && CHECK='' RELEASE_KEY='' deploy/package/package.sh "$work/twice" >/dev/null)
  diff "$out/SHA256SUMS" "$work/twice/SHA256SUMS" || { echo "the second build gave other bytes" >&2; exit 1; }
  echo "built twice, the same bytes"
fi
