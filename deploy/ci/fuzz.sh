#!/usr/bin/env bash
# fuzz.sh TIME: runs every fuzz target in the repository for TIME each.
set -euo pipefail
cd "$(dirname "$0")/../.."

time=${1:-10s}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
count=0
while IFS=: read -r file name; do
  pkg=./$(dirname "$file")
  printf '%s %s\n' "$pkg" "$name"
  go test -run='^$' -fuzz="^$name\$" -fuzztime="$time" "$pkg" >"$out" 2>&1 || { cat "$out"; exit 1; }
  count=$((count + 1))
done < <(git grep -hoE --no-color -H '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | sed 's/func //')
[ "$count" -gt 0 ] || { echo "no fuzz targets found" >&2; exit 1; }
printf '%d fuzz targets, %s each, nothing found\n' "$count" "$time"
