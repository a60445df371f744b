#!/usr/bin/env bash
# axe.sh [go test flags]: the desk in a real browser, with axe-core, which is
# fetched once and never part of the program.
# shellcheck source=deploy/ci/tools.sh
source "$(dirname "$0")/tools.sh"
cd "$root"

version=4.14.1
axe=$root/.cache/axe-$version.js
if [ ! -s "$axe" ]; then
  debian npm npm
  tmp=$(mktemp -d)
  trap 'rm -rf "$tmp"' EXIT
  (cd "$tmp" && npm pack --silent "axe-core@$version" >/dev/null && tar -xzf "axe-core-$version.tgz" package/axe.min.js) || die "axe-core could not be fetched"
  mv "$tmp/package/axe.min.js" "$axe"
fi
AXE=$axe go test -tags browser ./index/web "$@"
