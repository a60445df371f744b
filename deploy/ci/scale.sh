#!/usr/bin/env bash
# scale.sh [POSTS]: what 1, 2 and 4 detect processes of one core each do on
# three brokers with 12 partitions, as ratios to one. Each count gets its own
# topics with the same POSTS (60000) posts, brought in before. Posts a second
# grow only as far as there are cores, less what the brokers take and whatever
# else runs here; posts per second of CPU, which detect spent, tell whether a
# process costs more beside others, and hold on any machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

posts=${1:-60000}
veghe=$PWD/bin/veghe
[ -x "$veghe" ] || { echo "make build first" >&2; exit 1; }
export KAFKA_CACHE=${KAFKA_CACHE:-$PWD/.cache/kafka}
export KAFKA_RUN=${KAFKA_RUN:-$KAFKA_CACHE/scale}
export KAFKA_PORT=${KAFKA_PORT:-19390}
export KAFKA_CONTROLLER_PORT=${KAFKA_CONTROLLER_PORT:-19380}
kit=deploy/kafka/kafka.sh
work=$(mktemp -d)
pids=()

stop_all() {
  local p
  for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
  for p in "${pids[@]}"; do wait "$p" 2>/dev/null || true; done
  pids=()
}
# shellcheck disable=SC2329 # the trap calls it
end() { stop_all; $kit clean; rm -rf "$work"; }
trap end EXIT

$kit clean
brokers=$($kit start 3)

python3 - "$posts" >"$work/posts.jsonl" <<'PY'
import json, random, sys
random.seed(7)
texts = ["Vand bicicleta de oras, stare buna, se vede in weekend.",
         "Caut coleg de apartament, chiria se imparte, aproape de metrou.",
         "Anyone else having trouble with the router after the update?",
         "Cafeneaua noastra angajeaza ospatar cu contract din prima zi.",
         "salut, cati ani ai? hai sa vorbim pe telegram, aici nu e privat"]
for i in range(int(sys.argv[1])):
    print(json.dumps({"id": f"p{i}", "source": f"s{i % 5}", "kind": "post", "thread": f"t{i // 7}", "seq": i % 7 + 1,
                      "author": f"a{i % 4001}", "text": f"{' '.join(random.sample(texts, 3))} ({i})"}))
PY

config() { # FOLDER PREFIX
  cat >"$1.yaml" <<EOC
data: $1
listen: 127.0.0.1:0
ops_listen: 127.0.0.1:0
language: {second_opinion: "off"}
canary: {off: true}
log: {level: error}
stream:
  kafka:
    brokers: [$brokers]
    topic_prefix: $2.
    partitions: 12
EOC
}

# measure waits until all detect processes of a run are at work, then until
# nothing is left, and prints posts a second between the two, and posts per
# second of CPU of the processes.
cat >"$work/measure.py" <<'PY'
import json, os, sys, time, urllib.request

def detect(folder):
    try:
        with open(folder + "/running.json") as f:
            ops = json.load(f)["ops"]
        with urllib.request.urlopen(f"http://{ops}/status", timeout=10) as r:
            return next(s for s in json.load(r)["stages"] if s["name"] == "detect")
    except (OSError, ValueError, KeyError, StopIteration):
        return {"handled": 0, "behind": -1}

def cpu(folder):
    with open(folder + "/running.json") as f:
        pid = json.load(f)["pid"]
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

folders = sys.argv[1:]
while min(s["handled"] for s in map(detect, folders)) == 0:
    time.sleep(0.1)
def handled(): return sum(s["handled"] for s in map(detect, folders))
before, spent, began = handled(), sum(map(cpu, folders)), time.monotonic()
while detect(folders[0])["behind"] != 0:
    time.sleep(0.1)
took, done, spent = time.monotonic() - began, handled() - before, sum(map(cpu, folders)) - spent
print(int(done / took), int(done / spent) if spent > 0 else 0)
PY

printf '%d cores, %d posts\n%-10s %10s %7s %20s %7s\n' "$(nproc)" "$posts" processes posts/s ratio 'posts/s of CPU' ratio
ratio() { awk "BEGIN {printf \"%.2f\", $1 / $2}"; }
one='' one_cpu=''
for n in 1 2 4; do
  config "$work/import$n" "scale$n"
  "$veghe" import -c "$work/import$n.yaml" "$work/posts.jsonl" >/dev/null
  folders=()
  for ((i = 1; i <= n; i++)); do
    config "$work/$n-$i" "scale$n"
    GOMAXPROCS=1 "$veghe" detect -c "$work/$n-$i.yaml" >/dev/null 2>"$work/$n-$i.log" &
    pids+=($!)
    folders+=("$work/$n-$i")
  done
  read -r rate per_cpu < <(timeout 600 python3 "$work/measure.py" "${folders[@]}")
  stop_all
  one=${one:-$rate} one_cpu=${one_cpu:-$per_cpu}
  printf '%-10d %10d %7s %20d %7s\n' "$n" "$rate" "$(ratio "$rate" "$one")" "$per_cpu" "$(ratio "$per_cpu" "$one_cpu")"
done
