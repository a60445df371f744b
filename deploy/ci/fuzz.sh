#!/usr/bin/env bash
# fuzz.sh TIME: runs every fuzz target in the repository for TIME each.
set -euo pipefail
cd "$(dirname "$0")/../.."

time=${1:-10s}
count=0
while IFS=: read -r file name; do
  pkg=./$(dirname "$file")
  printf '%s %s\n' "$pkg" "$name"
  go test -run='^$' -fuzz="^$name\$" -fuzztime="$time" "$pkg" >/tmp/fuzz.$$ 2>&1 || { cat /tmp/fuzz.$$; rm -f /tmp/fuzz.$$; exit 1; }
  count=$((count + 1))
done < <(git grep -hoE --no-color -H '^func Fuzz[A-Za-z0-9_]+' -- '*_test.go' | sed 's/func //')
rm -f /tmp/fuzz.$$
[ "$count" -gt 0 ] || { echo "no fuzz targets found" >&2; exit 1; }
printf '%d fuzz targets, %s each, nothing found\n' "$count" "$time"
