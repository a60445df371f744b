#!/usr/bin/env bash
# A real Apache Kafka (KRaft, no ZooKeeper) on loopback, from Maven Central
# jars, with nothing installed but Java 17 and Maven. For trying veghe against
# a cluster and for the failure drills: not for production.
#
#   kafka.sh get              fetch the jars (once)
#   kafka.sh start [1|3]      format and start brokers, print the addresses
#   kafka.sh status           which brokers run
#   kafka.sh kill N           kill -9 broker N
#   kafka.sh up N             start broker N again and wait until it serves
#   kafka.sh pause N          freeze broker N (SIGSTOP), as a dead network would
#   kafka.sh resume N         let it go on
#   kafka.sh full N           fill its disk, which must be one of its own (KAFKA_DISK)
#   kafka.sh gone N           wait until broker N has stopped, as Kafka stops one
#                             that cannot write
#   kafka.sh free N           make room on its disk again; then kafka.sh up N
#   kafka.sh stop             stop all brokers; their data stay
#   kafka.sh clean            stop all brokers and delete their data
#
# Broker N listens on KAFKA_PORT+N (default 19090) for clients and on
# KAFKA_CONTROLLER_PORT+N (default 19080) for the other controllers.
# KAFKA_CACHE (default .cache/kafka in the repository) keeps the jars, KAFKA_RUN
# (default its folder run) data, logs and pids: one cluster per KAFKA_RUN.
# KAFKA_HEAP is the heap of each broker (default 384m), KAFKA_WAIT how many
# seconds one may take to start (default 60: more on a busy machine). With
# KAFKA_DISK, such as 512m, each broker gets a disk of that size, in memory; that
# takes root, best within unshare --mount, so that they go with it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${KAFKA_CACHE:-$(cd "$here/../.." && pwd)/.cache/kafka}
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")
lib=$cache/$version/lib
run=${KAFKA_RUN:-$cache/run}
port=${KAFKA_PORT:-19090}
controller_port=${KAFKA_CONTROLLER_PORT:-19080}
heap=${KAFKA_HEAP:-384m}
disk=${KAFKA_DISK:-}
wait=${KAFKA_WAIT:-60}
cluster_id=veghe-on-loopback-test

usage() {
	sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"
}

die() {
	echo "kafka.sh: $*" >&2
	exit 1
}

# --- what must be there ---

need_java() {
	command -v java >/dev/null ||
		die "java is not installed: install a Java 17 runtime or newer (Debian: openjdk-17-jre-headless)"
	local major
	major=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
	[ "${major:-0}" -ge 17 ] ||
		die "java is version ${major:-unknown}, Kafka $version wants 17 or newer (Debian: openjdk-17-jre-headless)"
}

get() {
	[ -f "$lib/.complete" ] && return
	need_java
	command -v mvn >/dev/null ||
		die "mvn is not installed: install Apache Maven (Debian: maven); it fetches the Kafka jars once"
	rm -rf "$lib"
	mkdir -p "$lib" "$run"
	echo "kafka.sh: fetching Kafka $version into $lib" >&2
	if ! mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$lib" >"$run/get.log" 2>&1; then
		tail -n 20 "$run/get.log" >&2
		die "fetching Kafka $version failed (see $run/get.log): is Maven Central reachable?"
	fi
	touch "$lib/.complete"
}

# --- one broker ---

# The number of brokers is part of the data's path: voters are fixed when a
# cluster is formatted, so one broker and three are two clusters.
size() { cat "$run/size" 2>/dev/null || die "no cluster was started: kafka.sh start 1, or start 3"; }
data() { echo "$run/$(size)/$1"; }
address() { echo "127.0.0.1:$((port + $1))"; }

bootstrap() {
	local i out=''
	for ((i = 1; i <= $(size); i++)); do out+=$(address "$i"),; done
	echo "${out%,}"
}

# pid prints the process of broker $1 if it runs; a number left by a process
# that died and now given to another does not count.
pid() {
	local p
	p=$(cat "$(data "$1").pid" 2>/dev/null) || return 1
	if [ -d /proc/self ]; then
		tr '\0' ' ' <"/proc/$p/cmdline" # empty for a zombie
	else
		ps -o args= -p "$p"
	fi 2>/dev/null | grep -qF "$(data "$1").properties" || return 1
	echo "$p"
}

running() {
	local i n=0
	for ((i = 1; i <= $(size); i++)); do
		if pid "$i" >/dev/null; then n=$((n + 1)); fi
	done
	echo "$n"
}

check_broker() {
	case ${1:-} in
	'' | *[!0-9]*) die "want the number of a broker, 1 to $(size)" ;;
	esac
	if [ "$1" -lt 1 ] || [ "$1" -gt "$(size)" ]; then
		die "broker $1 does not exist: this cluster has 1 to $(size)"
	fi
}

properties() {
	local id=$1 n voters='' copies=1 in_sync=1 i
	n=$(size)
	for ((i = 1; i <= n; i++)); do voters+=$i@127.0.0.1:$((controller_port + i)),; done
	if [ "$n" -ge 3 ]; then copies=3 in_sync=2; fi
	cat <<-EOF
		process.roles=broker,controller
		node.id=$id
		controller.quorum.voters=${voters%,}
		controller.listener.names=CONTROLLER
		listeners=PLAINTEXT://$(address "$id"),CONTROLLER://127.0.0.1:$((controller_port + id))
		advertised.listeners=PLAINTEXT://$(address "$id")
		inter.broker.listener.name=PLAINTEXT
		listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
		log.dirs=$(data "$id")

		# Nothing acknowledged is lost: two copies before an answer, no stale leader.
		default.replication.factor=$copies
		min.insync.replicas=$in_sync
		unclean.leader.election.enable=false
		auto.create.topics.enable=false
		offsets.topic.replication.factor=$copies
		offsets.topic.num.partitions=6
		transaction.state.log.replication.factor=$copies
		transaction.state.log.min.isr=$in_sync
		share.coordinator.state.topic.replication.factor=$copies
		share.coordinator.state.topic.min.isr=$in_sync

		# A dead broker is noticed in four seconds instead of nine; groups start at once.
		broker.heartbeat.interval.ms=500
		broker.session.timeout.ms=4000
		group.initial.rebalance.delay.ms=0

		# Small: several brokers share two cores.
		num.network.threads=2
		num.io.threads=4
		log.cleaner.dedupe.buffer.size=4194304
		group.coordinator.threads=1
		share.coordinator.threads=1
	EOF
}

java_run() {
	java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData \
		-Dlog4j2.configurationFile="$here/log4j2.properties" -cp "$lib/*" "$@"
}

# own_disk gives broker $1 a small disk of its own.
own_disk() {
	local dir
	dir=$(data "$1")
	if [ -z "$disk" ] || mountpoint -q "$dir" 2>/dev/null; then return; fi
	mkdir -p "$dir"
	mount -t tmpfs -o "size=$disk" "veghe-kafka-$1" "$dir" ||
		die "broker $1 gets no disk of its own: run this as root, or without KAFKA_DISK"
}

format() {
	local dir
	dir=$(data "$1")
	own_disk "$1"
	[ -f "$dir/meta.properties" ] && return
	java_run -Xmx128m kafka.tools.StorageTool format -t "$cluster_id" -c "$dir.properties" \
		>"$dir.format.log" 2>&1 ||
		{ tail -n 5 "$dir.format.log" >&2 && die "formatting broker $1 failed (see $dir.format.log)"; }
}

launch() {
	pid "$1" >/dev/null && return
	local dir
	dir=$(data "$1")
	nohup java -Xms"$heap" -Xmx"$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData \
		-XX:+ExitOnOutOfMemoryError \
		-Dlog4j2.configurationFile="$here/log4j2.properties" -cp "$lib/*" \
		kafka.Kafka "$dir.properties" </dev/null >>"$dir.log" 2>&1 &
	echo $! >"$dir.pid"
}

# known prints how many brokers broker $1 says the cluster has. It speaks the
# protocol itself (Metadata, version 1, no topics), since a Java tool would
# take longer to start than the broker.
known() {
	(
		LC_ALL=C
		exec 3<>"/dev/tcp/127.0.0.1/$((port + $1))"
		#         length          key 3   version 1 correlation     no client id  no topics
		printf '\0\0\0\016' >&3 && printf '\0\003\0\001\0\0\0\001\377\377\0\0\0\0' >&3
		# The answer: length, correlation, number of brokers, four bytes each.
		local i byte=''
		for ((i = 0; i < 12; i++)); do
			IFS= read -r -t 2 -n 1 -d '' byte <&3 || exit 1
		done
		printf '%d\n' "'$byte"
	) 2>/dev/null
}

# await_broker waits until broker $1 answers and knows at least $2 brokers.
await_broker() {
	local deadline=$((SECONDS + wait)) n
	while [ "$SECONDS" -lt "$deadline" ]; do
		n=$(known "$1") && [ "$n" -ge "$2" ] && return
		if ! pid "$1" >/dev/null; then
			tail -n 20 "$(data "$1").log" >&2
			die "broker $1 ended while starting (see $(data "$1").log): is port $((port + $1)) or $((controller_port + $1)) taken?"
		fi
		sleep 0.2
	done
	die "broker $1 was not ready after $wait seconds (see $(data "$1").log): KAFKA_WAIT gives it longer"
}

# --- commands ---

start() {
	local n=${1:-1} i
	case $n in 1 | 3) ;; *) die "start $n: want 1 or 3 brokers" ;; esac
	need_java
	get
	mkdir -p "$run"
	if [ -f "$run/size" ] && [ "$(size)" != "$n" ] && [ "$(running)" -gt 0 ]; then
		die "a cluster of $(size) is running: kafka.sh stop first"
	fi
	echo "$n" >"$run/size"
	mkdir -p "$run/$n"
	local formatting=()
	for ((i = 1; i <= n; i++)); do
		properties "$i" >"$(data "$i").properties"
		format "$i" &
		formatting+=($!)
	done
	for i in "${formatting[@]}"; do wait "$i" || exit 1; done
	for ((i = 1; i <= n; i++)); do launch "$i"; done
	for ((i = 1; i <= n; i++)); do await_broker "$i" "$n"; done
	bootstrap
}

stop() {
	[ -f "$run/size" ] || return 0
	local i p deadline=$((SECONDS + 15))
	for ((i = 1; i <= $(size); i++)); do
		p=$(pid "$i") || continue
		kill -CONT "$p"
		kill "$p"
	done
	for ((i = 1; i <= $(size); i++)); do
		while p=$(pid "$i"); do
			# The last of three may wait for a quorum that will not come back.
			if [ "$SECONDS" -ge "$deadline" ]; then kill -9 "$p" || true; fi
			sleep 0.1
		done
		rm -f "$(data "$i").pid"
	done
}

clean() {
	stop
	local dir
	for dir in "$run"/*/[0-9]; do
		if mountpoint -q "$dir" 2>/dev/null; then umount "$dir"; fi
	done
	rm -rf "$run"
}

status() {
	local i p up=0
	for ((i = 1; i <= $(size); i++)); do
		if p=$(pid "$i"); then
			up=$((up + 1))
			echo "broker $i: $(address "$i") pid $p, knows $(known "$i" || echo no) brokers"
		else
			echo "broker $i: $(address "$i") is down"
		fi
	done
	[ "$up" -gt 0 ]
}

signal() { # NAME BROKER
	check_broker "$2"
	local p
	p=$(pid "$2") || die "broker $2 does not run"
	kill "-$1" "$p"
}

kill_broker() {
	check_broker "${1:-}"
	local p
	p=$(pid "$1") || die "broker $1 does not run"
	kill -9 "$p"
	while pid "$1" >/dev/null; do sleep 0.05; done
}

# filler prints what fills the disk of broker $1.
filler() {
	check_broker "${1:-}"
	local dir
	dir=$(data "$1")
	mountpoint -q "$dir" || die "broker $1 has no disk of its own to fill: start the cluster with KAFKA_DISK=512m, as root"
	echo "$dir/filler"
}

full() {
	local file
	file=$(filler "${1:-}")
	dd if=/dev/zero of="$file" bs=64k 2>/dev/null || true # until there is no room
	[ "$(df --output=avail "$file" | tail -n 1)" -eq 0 ] || die "the disk of broker $1 could not be filled"
}

free() { rm -f "$(filler "${1:-}")"; }

gone() {
	check_broker "${1:-}"
	local deadline=$((SECONDS + 60))
	while pid "$1" >/dev/null; do
		if [ "$SECONDS" -ge "$deadline" ]; then die "broker $1 still runs after 60 seconds (see $(data "$1").log)"; fi
		sleep 0.1
	done
}

up() {
	check_broker "${1:-}"
	need_java
	launch "$1"
	await_broker "$1" "$(running)"
}

case ${1:-} in
get) get ;;
start) start "${2:-1}" ;;
status) status ;;
kill) kill_broker "${2:-}" ;;
up) up "${2:-}" ;;
pause) signal STOP "${2:-}" ;;
resume) signal CONT "${2:-}" ;;
full) full "${2:-}" ;;
gone) gone "${2:-}" ;;
free) free "${2:-}" ;;
stop) stop ;;
clean) clean ;;
help | -h | --help) usage ;;
*)
	usage >&2
	exit 2
	;;
esac
