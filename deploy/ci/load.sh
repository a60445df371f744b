#!/usr/bin/env bash
# load.sh [POSTS] [ROUNDS]: results pages over POSTS flagged posts (1000000) while others
# keep coming, beside SQLite's FTS5 and, where Debian's PostgreSQL is installed,
# a PostgreSQL of our own on a local socket, on the same data. Prints a table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
for bin in /usr/lib/postgresql/*/bin; do :; done # the newest
if [ -x "$bin/initdb" ]; then
  dir=$(mktemp -d)
  as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
  [ "$(id -u)" != 0 ] || chown postgres "$dir"
  stop() { as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"; }
  trap stop EXIT
  as "$bin/initdb" -D "$dir/data" -U veghe -A trust --locale=C -E UTF8 >/dev/null
  as "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" start -o "-k $dir -c listen_addresses='' -c shared_buffers=1GB -c work_mem=64MB -c max_wal_size=4GB" >/dev/null
  export VEGHE_POSTGRES="host=$dir user=veghe dbname=postgres"
fi
${GO:-go} test -tags load -count=1 -timeout 3h -v -run '^TestLoad$' ./index/load -load.posts "${1:-1000000}" -load.rounds "${2:-30}" | grep --line-buffered -v '^=== '
