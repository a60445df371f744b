#!/usr/bin/env bash
# postgres.sh: everything that wants a real PostgreSQL. Starts a private one of
# Debian's on loopback in a temporary folder, not as root, runs the tests of the
# desk and of several nodes against it, and stops it. Its locale is not C, so
# that whatever goes by the locale of the database shows.
#
#   postgres.sh              runs the tests
#   postgres.sh COMMAND…     runs a command, with VEGHE_POSTGRES set
#
# A PostgreSQL that is running already is used where VEGHE_POSTGRES names one:
# an address with the right to make schemas.
# shellcheck source=deploy/ci/tools.sh
source "$(dirname "$0")/tools.sh"
cd "$root"

tests() {
  local go=${GO:-go}
  "$go" test -count=1 -tags postgres ./index/database ./index/desk
  "$go" test -count=1 -run "$web_tests" ./index/web
  "$go" test -count=1 -tags postgres -run '^Test(Postgres|Nodes|OneNode|Watching|Erase|Retention|Purge)' ./cmd/veghe
}

# What of the desk's pages goes through its database.
web_tests='^Test(Bulk|Queue|SecondOpinion|Deconfliction|Case|Watches|Feed|MarkAndUnmark|AuditPage|Holds|Person|SignIn|OwnAccount|Tokens|SourcesOf|FirstRun|SecondFactor)'

# programs prints where initdb is: Debian keeps versions side by side.
programs() {
  local newest
  newest=$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -name initdb 2>/dev/null | sort -V | tail -1)
  [ -n "$newest" ] && dirname "$newest"
}

start() {
  bin=$(programs) || bin=$(dirname "$(command -v initdb || true)")
  if [ ! -x "$bin/initdb" ]; then
    debian postgresql pg_ctlcluster
    bin=$(programs) || die "postgresql was installed but initdb is missing"
  fi
  tmp=$(mktemp -d)
  chmod 711 "$tmp"
  local password
  password=$(head -c 18 /dev/urandom | base64 | tr -d '+/=')
  (umask 077 && printf '%s' "$password" >"$tmp/password")
  as=()
  if [ "$(id -u)" -eq 0 ]; then # PostgreSQL does not run as root
    as=(runuser -u postgres --)
    chown -R postgres "$tmp"
  fi
  "${as[@]}" "$bin/initdb" -D "$tmp/data" -U veghe -A scram-sha-256 --pwfile="$tmp/password" -E UTF8 --no-sync \
    --locale=C.UTF-8 --locale-provider=icu --icu-locale=ro >"$tmp/initdb.log" 2>&1 || die "initdb: $(tail -5 "$tmp/initdb.log")"
  # A port of its own; another process may take it in between, so try some.
  local try
  for try in 1 2 3 4 5; do
    port=$((20000 + (RANDOM * 3 + try) % 30000))
    # The machine is not switched off while tests run: no fsync.
    if "${as[@]}" "$bin/pg_ctl" -D "$tmp/data" -l "$tmp/log" -w -t 60 -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=200" start >/dev/null; then
      break
    fi
    [ "$try" -lt 5 ] || die "PostgreSQL does not start: $(tail -5 "$tmp/log")"
  done
  export PGPASSWORD=$password
  export VEGHE_POSTGRES="postgres://veghe@127.0.0.1:$port/postgres"
}

stop() {
  local code=$?
  [ $code -eq 0 ] || tail -20 "$tmp/log" >&2
  "${as[@]}" "$bin/pg_ctl" -D "$tmp/data" -m immediate -w stop >/dev/null || true
  rm -rf "$tmp"
}

if [ -z "${VEGHE_POSTGRES:-}" ]; then
  start
  trap stop EXIT
fi
if [ $# -gt 0 ]; then
  "$@"
else
  tests
fi
