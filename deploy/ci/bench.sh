#!/usr/bin/env bash
# bench.sh: every Go benchmark, as one table. Figures of one run compare with
# each other; figures of different machines or hours do not.
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t packages < <(git grep -l '^func Benchmark' -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's|^|./|')
go test -run='^$' -bench="${BENCH:-.}" -benchmem -benchtime="${BENCHTIME:-1s}" "${packages[@]}" | awk '
  /^pkg:/ { pkg = $2 }
  /^Benchmark/ {
    name = $1; sub(/-[0-9]+$/, "", name); line = ""
    for (i = 3; i < NF; i += 2) line = line sprintf("  %12s %-12s", $i, $(i+1))
    printf "%-22s %-52s%s\n", pkg, name, line
  }
  /^(FAIL|panic)/ { print; bad = 1 }
  END { exit bad }'
