#!/usr/bin/env bash
# secrets.sh: looks for what must never be committed, in every tracked file:
# private keys, tokens of known services, passwords in configuration.
set -euo pipefail
cd "$(dirname "$0")/../.."

patterns=(
  '-----BEGIN [A-Z ]*PRIVATE KEY-----'
  '\b(AKIA|ASIA)[0-9A-Z]{16}\b'
  '\bgh[pousr]_[A-Za-z0-9]{36,}\b'
  '\bglpat-[A-Za-z0-9_-]{20,}\b'
  '\bxox[abprs]-[A-Za-z0-9-]{10,}\b'
  '\bAIza[0-9A-Za-z_-]{35}\b'
  '\bsk_(live|test)_[0-9a-zA-Z]{20,}\b'
  '\bAGE-SECRET-KEY-1[0-9A-Z]{50,}\b'
  '\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\b'
  '^\s*(password|passwd|secret|api_key|access_key)\s*[:=]\s*["'\'']?[A-Za-z0-9/+_-]{12,}["'\'']?\s*$'
)
args=()
for p in "${patterns[@]}"; do args+=(-e "$p"); done
if git grep -nIP "${args[@]}" -- ':!deploy/ci/secrets.sh' ':!*.bin'; then
  echo "this looks like a secret: take it out, and change it where it is used" >&2
  exit 1
fi
echo "no secrets found in $(git ls-files | wc -l) files"
