#!/usr/bin/env bash
# promtool.sh: Prometheus's own tool judges our alert rules, their tests, and
# the metrics of a running demo.
# shellcheck source=deploy/ci/tools.sh
source "$(dirname "$0")/tools.sh"
cd "$root"
debian prometheus promtool
debian curl curl

promtool check rules deploy/prometheus/alerts.yml
promtool test rules deploy/prometheus/alerts_test.yml

ops=127.0.0.1:${PROMTOOL_PORT:-18421}
bin/veghe demo -listen 127.0.0.1:0 -ops-listen "$ops" -log error >/dev/null &
pid=$!
trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  curl -fsS "http://$ops/readyz" >/dev/null 2>&1 && break
  kill -0 $pid 2>/dev/null || die "the demo ended"
  sleep 0.2
done
# missing prints what the alert rules name and the metrics lack.
missing() {
  grep -ohE 'veghe_[a-z_]+' deploy/prometheus/alerts.yml | sort -u | while read -r m; do
    grep -qE "^${m}[{ ]" "$tools/metrics.txt" || printf '%s ' "$m"
  done
}

for _ in $(seq 100); do # until posts have gone all the way
  curl -fsS "http://$ops/metrics" >"$tools/metrics.txt"
  grep -q '^veghe_alerts_total{' "$tools/metrics.txt" && [ -z "$(missing)" ] && break
  sleep 0.3
done
grep -q '^veghe_alerts_total{' "$tools/metrics.txt" || die "the demo raised no alert"
[ -z "$(missing)" ] || die "alerts.yml names what is not among the metrics: $(missing)"
promtool check metrics <"$tools/metrics.txt"
echo "alert rules and metrics are sound"
