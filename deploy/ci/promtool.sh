#!/usr/bin/env bash
# promtool.sh: Prometheus's own tool judges our alert and recording rules, their
# tests, the queries of the dashboards, and the metrics of a running demo;
# Alertmanager's judges its example.
# shellcheck source=deploy/ci/tools.sh
source "$(dirname "$0")/tools.sh"
cd "$root"
debian prometheus promtool
debian curl curl
debian prometheus-alertmanager amtool
debian python3 python3

promtool check rules deploy/prometheus/{alerts,recording}.yml
promtool test rules deploy/prometheus/alerts_test.yml deploy/prometheus/alerts_slow_test.yml
promtool check config --syntax-only deploy/prometheus/prometheus.yml
amtool check-config deploy/alertmanager/alertmanager.yml

# queries prints the queries of the dashboards as a file of rules.
queries() {
  python3 - deploy/grafana/dashboards/*.json <<'PY'
import json, sys
rules = [{"record": f"q{i}", "expr": e} for i, e in enumerate(
    t["expr"] for f in sys.argv[1:] for p in json.load(open(f))["panels"] for t in p.get("targets", []))]
print(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}))
PY
}
queries >"$tools/queries.yml"
promtool check rules "$tools/queries.yml"

ops=127.0.0.1:${PROMTOOL_PORT:-18421}
desk=127.0.0.1:$((${PROMTOOL_PORT:-18421} + 1))
bin/veghe demo -listen "$desk" -ops-listen "$ops" -log error >/dev/null &
pid=$!
trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  curl -fsS "http://$ops/readyz" >/dev/null 2>&1 && break
  kill -0 $pid 2>/dev/null || die "the demo ended"
  sleep 0.2
done
# missing prints what alerts and dashboards name and the metrics lack. Counts
# of Kafka are there only with Kafka, notes only where somebody is told, a
# change of robots.txt only where one was noticed.
missing() {
  cat deploy/prometheus/{alerts,recording}.yml "$tools/queries.yml" | grep -oE '(^|[^a-z:_])veghe_[a-z_]+' | grep -oE 'veghe_[a-z_]+' |
    sort -u | grep -vxE 'veghe_kafka_events_total|veghe_notes_[a-z_]+|veghe_source_robots_changed_timestamp_seconds' | while read -r m; do
    grep -qE "^${m}[{ ]" "$tools/metrics.txt" || printf '%s ' "$m"
  done
}

curl -fsS "http://$desk/" >/dev/null
for _ in $(seq 100); do # until posts have gone all the way
  curl -fsS "http://$ops/metrics" >"$tools/metrics.txt"
  grep -q '^veghe_alerts_total{' "$tools/metrics.txt" && [ -z "$(missing)" ] && break
  sleep 0.3
done
grep -q '^veghe_alerts_total{' "$tools/metrics.txt" || die "the demo raised no alert"
[ -z "$(missing)" ] || die "alerts or dashboards name what is not among the metrics: $(missing)"
promtool check metrics <"$tools/metrics.txt"
echo "alert rules and metrics are sound"
