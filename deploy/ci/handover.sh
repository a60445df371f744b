#!/usr/bin/env bash
# handover.sh: what other agencies' software makes of our exports: the OASIS
# schemas of STIX 2.1, stix2, PyMISP, and the shapes of CASE.
# shellcheck source=deploy/ci/tools.sh
source "$(dirname "$0")/tools.sh"
cd "$root"

venv=$root/.cache/handover
if [ ! -e "$venv/ready" ]; then
  python3 -m venv "$venv" || die "python3 with venv is missing: install it (Debian package python3-venv)"
  "$venv/bin/pip" -q install stix2-validator==3.3.2 stix2==3.0.2 pymisp==2.5.34.4 case-utils==0.18.0 || die "the validators could not be installed"
  : >"$venv/ready"
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
go test ./index/handover -count=1 -run TestFormatsAreStable -out "$out" >/dev/null
# 103: our ids are made from what they name, so that two exports compare.
# 244: networks and "phone" are kinds of accounts that the list has not.
"$venv/bin/stix2_validator" --version 2.1 --disable 103,244 --silent "$out"/*.stix.json || "$venv/bin/stix2_validator" --version 2.1 --disable 103,244 "$out"/*.stix.json
"$venv/bin/python" deploy/ci/handover.py "$out"
"$venv/bin/case_validate" --built-version case-1.4.0 --abort "$out"/*.case.jsonld
