#!/usr/bin/env bash
# fuzz.sh TIME [FOLDER]: runs every fuzz target in the repository for TIME each.
# With FOLDER, what was learnt is kept there and used the next time: a long run
# goes on where the last one ended.
set -euo pipefail
cd "$(dirname "$0")/../.."

time=${1:-10s}
keep=()
if [ -n "${2:-}" ]; then
  mkdir -p "$2"
  keep=(-test.fuzzcachedir="$(realpath "$2")")
fi
out=$(mktemp)
bin=$(mktemp -d)
trap 'rm -rf "$out" "$bin"' EXIT

# fuzz PACKAGE TARGET: go test sometimes ends a run that found nothing with
# "context deadline exceeded" when its time is up. Only that, without a failing
# input, is tried again, twice at most; everything else fails at once.
fuzz() {
  local try
  for try in 1 2 3; do
    attempt "$1" "$2" >"$out" 2>&1 && return
    grep -q 'Failing input written' "$out" && return 1
    grep -q '^ *context deadline exceeded$' "$out" || return 1
    echo "  ended at its deadline, try $try"
  done
  return 1
}

# attempt PACKAGE TARGET: with a folder of its own for what is learnt, the test
# is run as a program, which go test does not offer.
attempt() {
  if [ ${#keep[@]} -eq 0 ]; then
    go test -run='^$' -fuzz="^$2\$" -fuzztime="$time" "$1"
    return
  fi
  local name=$bin/${1//\//_}.test
  [ -x "$name" ] || go test -c -fuzz=. -o "$name" "$1" || return
  (cd "$1" && "$name" -test.run='^$' -test.fuzz="^$2\$" -test.fuzztime="$time" -test.fuzzcachedir="${keep[0]#*=}/${1#./}/$2")
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
[ ${#keep[@]} -eq 0 ] || printf 'what was learnt is in %s: %s files\n' "${2:-}" "$(find "$2" -type f | wc -l)"
