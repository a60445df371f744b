#!/usr/bin/env bash
# Everything that wants real brokers: the contract of stream.Log on one broker,
# then on three, then the drill in which brokers are killed and frozen, then the
# whole pipeline. Takes some six minutes, most of it waiting for brokers to miss
# each other.
#
# It uses ports and a folder of its own, so that a cluster that was started by
# hand (make kafka) goes on undisturbed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export KAFKA_CACHE=${KAFKA_CACHE:-$PWD/.cache/kafka}
export KAFKA_RUN=${KAFKA_RUN:-$KAFKA_CACHE/test}
export KAFKA_PORT=${KAFKA_PORT:-19190}
export KAFKA_CONTROLLER_PORT=${KAFKA_CONTROLLER_PORT:-19180}
kit=deploy/kafka/kafka.sh
go=${GO:-go}

$kit clean
trap '$kit clean' EXIT

brokers=
up() { # COUNT
	brokers=$($kit start "$1")
	echo "$1 broker(s) at $brokers"
}

run() { # PACKAGE PATTERN [FLAG…]
	VEGHE_KAFKA_BROKERS=$brokers $go test -tags kafka -count=1 -timeout 15m -v -run "$2" "$1" "${@:3}" |
		grep -v '^ *=== '
}

up 1
run ./stream/kafka '^TestRealContract$'
$kit stop

up 3
run ./stream/kafka '^Test(RealContract|Drill)$'
# The whole pipeline: killed while 100,000 posts are imported, then in three
# processes with a broker killed; then sources shared between two that crawl.
run ./cmd/veghe '^TestKafkaKill$' -kill.posts "${KILL_POSTS:-100000}" -kill.rounds "${KILL_ROUNDS:-20}"
run ./cmd/veghe '^TestKafka(ThreeProcesses|SharedSources)$'
