#!/usr/bin/env bash
# lint.sh GOLANGCI_VERSION: formatting, vet, golangci-lint, shellcheck, secrets
# and licences.
# shellcheck source=deploy/ci/tools.sh
source "$(dirname "$0")/tools.sh"
cd "$root"

bad=$(git ls-files '*.go' | xargs -r gofmt -l)
[ -z "$bad" ] || die "not gofmt-formatted: $bad"
go mod tidy -diff >/dev/null || die "go.mod is not tidy: run go mod tidy"
go vet -tags 'kafka browser fault postgres load' ./...
gotool github.com/golangci/golangci-lint/v2/cmd/golangci-lint "$1"
"$tools/golangci-lint" run --timeout 15m ./...
debian shellcheck shellcheck
git ls-files '*.sh' .ci/run | xargs -r shellcheck -x
deploy/ci/secrets.sh
go run ./deploy/licences/gen -check docs/THIRD_PARTY.md
