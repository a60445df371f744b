#!/bin/sh
# Times the matcher and Hyperscan side by side, on the same packs and texts, in
# one run, and checks that both find the same. Prints one table. Hyperscan is
# no part of veghe: this is the only place that asks for it.
set -eu
cd "$(dirname "$0")"
if ! printf '#include <hs/hs.h>\n' | ${CC:-cc} -E - >/dev/null 2>&1; then
	echo "libhyperscan or a C compiler is missing: apt-get install gcc libhyperscan-dev" >&2
	exit 1
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
${CC:-cc} -O2 -Wall -o "$dir/driver" driver.c -lhs
cd ../..
${GO:-go} test -c -o "$dir/rule.test" .
"$dir/rule.test" -test.run '^TestHyperscan$' -hyperscan "$dir/driver" | grep -v '^PASS$'
