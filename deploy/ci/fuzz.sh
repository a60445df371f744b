#!/usr/bin/env bash
# fuzz.sh TIME: runs every fuzz target in the repository for TIME each.
set -euo pipefail
cd "$(dirname "$0")/../.."

time=${1:-10s}
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# fuzz PACKAGE TARGET: go test sometimes ends a run that found nothing with
# "context deadline exceeded" when its time is up. Only that, without a failing
# input, is tried again, twice at most; everything else fails at once.
fuzz() {
  local try
  for try in 1 2 3; do
    go test -run='^$' -fuzz="^$2\$" -fuzztime="$time" "$1" >"$out" 2>&1 && return
    grep -q 'Failing input written' "$out" && return 1
    grep -q '^ *context deadline exceeded$' "$out" || return 1
    echo "  ended at its deadline, try $try"
  done
  return 1
}

count=0
while IFS=: read -r file name; do
  pkg=./$(dirname "$file")
  printf '%s %s\n' "$pkg" "$name"
  fuzz "$pkg" "$name" || { cat "$out"; exit 1; }
  count=$((count + 1))
done < <(git grep -hoE --no-color -H '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | sed 's/func //')
[ "$count" -gt 0 ] || { echo "no fuzz targets found" >&2; exit 1; }
printf '%d fuzz targets, %s each, nothing found\n' "$count" "$time"
