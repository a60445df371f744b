#!/usr/bin/env bash
# soak.sh [POSTS] [TIME]: sends POSTS posts (1000000) through one veghe as fast
# as it takes them, for TIME (60m) at most, and prints speed, memory, disk and
# the time until posts are searchable along the way. Unflagged posts are kept
# for WINDOW (4m), so that retention works for most of the run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
${GO:-go} test -tags fault -count=1 -timeout 24h -v -run '^TestSoak$' ./cmd/veghe \
  -soak.posts "${1:-1000000}" -soak.time "${2:-60m}" -soak.window "${WINDOW:-4m}" | grep -v '^=== '
