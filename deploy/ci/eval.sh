#!/usr/bin/env bash
# eval.sh DATA: how veghe does on the golden texts of the repository, and on
# texts outside it that people wrote: DATA holds ordinary/, job_scam/, langid/.
# Nothing of them is kept.
set -euo pipefail
cd "$(dirname "$0")/../.."

data=${1:-../shared/data}
echo "== golden texts"
bin/veghe eval rules/testdata/golden/ads.jsonl rules/testdata/golden/threads.jsonl
if [ ! -d "$data" ]; then
  echo "no folder $data: only the golden texts were measured (name another with DATA=…)" >&2
  exit 1
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo "== ordinary texts that must stay quiet"
for f in "$data"/ordinary/*.jsonl; do
  python3 deploy/ci/posts.py "$f" >"$tmp/in.jsonl"
  bin/veghe scan -json <"$tmp/in.jsonl" >"$tmp/out.jsonl"
  printf '%-28s %6d posts  %4d flagged\n' "$(basename "$f")" "$(wc -l <"$tmp/in.jsonl")" "$(wc -l <"$tmp/out.jsonl")"
done
echo "== templates"
go run ./detect/cluster/eval "$data/neardup/neardup_synth.jsonl"
echo "== languages"
go run ./detect/lang/eval -data "$data/langid"
