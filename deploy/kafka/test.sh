#!/usr/bin/env bash
# Everything that wants real brokers: the contract of stream.Log on one broker,
# then on three, then the drill in which brokers are killed and frozen. Takes
# two to three minutes, most of it waiting for brokers to miss each other.
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

run() { # COUNT PATTERN
	local brokers
	brokers=$($kit start "$1")
	echo "$1 broker(s) at $brokers"
	VEGHE_KAFKA_BROKERS=$brokers $go test -tags kafka -count=1 -timeout 8m -v -run "$2" ./stream/kafka |
		grep -v '^ *=== '
	$kit stop
}

run 1 '^TestRealContract$'
run 3 '^Test(RealContract|Drill)$'
