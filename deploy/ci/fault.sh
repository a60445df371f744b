#!/usr/bin/env bash
# fault.sh [kafka]: breaks what veghe stands on and holds what is found at last
# against what was acknowledged; docs/faults.md lists the faults. About a
# minute. With "kafka" brokers, network and stages instead: about twelve.
#
#   DAMAGE=200 deploy/ci/fault.sh     so many data folders damaged at random
#   SEED=1000                         other ones
#   KILLS=300 deploy/ci/fault.sh kafka
#   PREVIOUS=v1.2.0 deploy/ci/fault.sh kafka   rolls out from that version, too
#
# Small disks are mounted, in a mount namespace of its own that goes with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

go=${GO:-go}

# apart runs this again where small disks can be mounted.
apart() {
  command -v unshare >/dev/null || { echo "unshare is missing: install util-linux" >&2; exit 1; }
  local own=(--mount)
  [ "$(id -u)" -eq 0 ] || own+=(--map-root-user)
  unshare "${own[@]}" true || { echo "no mount namespace: run this as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone)" >&2; exit 1; }
  APART=yes exec unshare "${own[@]}" "$PWD/deploy/ci/fault.sh" "$@"
}

machine() {
  local bin
  bin=$(mktemp -d)
  # shellcheck disable=SC2064 # now
  trap "rm -rf '$bin'" EXIT
  $go test -tags fault -c -o "$bin/fault.test" ./cmd/veghe
  cd cmd/veghe
  "$bin/fault.test" -test.run '^TestFault' -test.v -test.parallel "${PARALLEL:-4}" -test.timeout 60m \
    -damage.seeds "${DAMAGE:-8}" -damage.from "${SEED:-1}" | grep -v '^=== '
}

brokers() {
  export KAFKA_CACHE=${KAFKA_CACHE:-$PWD/.cache/kafka}
  export KAFKA_RUN=${KAFKA_RUN:-$KAFKA_CACHE/fault}
  export KAFKA_PORT=${KAFKA_PORT:-19290}
  export KAFKA_CONTROLLER_PORT=${KAFKA_CONTROLLER_PORT:-19280}
  export KAFKA_DISK=${KAFKA_DISK:-512m}
  local kit=deploy/kafka/kafka.sh addresses
  $kit clean
  # shellcheck disable=SC2064 # now
  trap "$kit clean" EXIT
  addresses=$($kit start 3)
  export VEGHE_KAFKA_BROKERS=$addresses
  $go test -tags kafka -count=1 -timeout 20m -v -run '^Test(Drill|Faults)$' ./stream/kafka | grep -v '^ *=== '
  local previous=''
  if [ -n "${PREVIOUS:-}" ]; then
    previous=$(mktemp -d)
    git worktree add -q --detach "$previous/tree" "$PREVIOUS"
    # shellcheck disable=SC2064 # now
    trap "$kit clean; git worktree remove --force '$previous/tree'; rm -rf '$previous'" EXIT
    (cd "$previous/tree" && $go build -o "$previous/veghe" ./cmd/veghe)
    previous=$previous/veghe
  fi
  $go test -tags kafka -count=1 -timeout 60m -v -run '^TestKafka(StageKills|Rolling)$' ./cmd/veghe \
    -kill.posts "${KILL_POSTS:-20000}" -kill.rounds "${KILLS:-60}" -previous.binary "$previous" | grep -v '^ *=== '
}

case ${1:-machine} in
machine | kafka) [ -n "${APART:-}" ] || apart "$@" ;;
esac
case ${1:-machine} in
machine) machine ;;
kafka) brokers ;;
*) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
