#!/usr/bin/env bash
# ci.sh: the checks beyond `make test`: lint, race, kills, faults, real
# PostgreSQL and Kafka, real browser, promtool, short fuzz. Each says how long it took.
# shellcheck source=deploy/ci/tools.sh
source "$(dirname "$0")/tools.sh"
cd "$root"

step() {
  local began=$SECONDS
  printf '\n== %s\n' "$*"
  "$@"
  printf '== %s: %d s\n' "$1 ${2:-}" $((SECONDS - began))
}

step make build
step make rules
step make lint
step make race
step go test ./cmd/veghe -count=1 -timeout 20m -run TestKillEmbedded -v -kill.posts 100000 -kill.rounds 20
step make fault
step make postgres
step make kafka-test
debian chromium chromium
step make browser
step make promtool
step make fuzz FUZZTIME="${FUZZTIME:-5s}"
