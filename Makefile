# veghe: what you can do here. `make help` lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
GO ?= go
BIN := bin/veghe
TOOLS := $(CURDIR)/.cache/bin
GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
FUZZTIME ?= 10s
DATA ?= ../shared/data
export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help
.PHONY: help build run demo test ci lint race fuzz bench hyperscan eval kafka kafka-stop kafka-test postgres browser promtool wordpress handover golden docs vuln package rules wording clean fault fault-kafka spirit scale soak load

help: ## list what you can do
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/veghe, one static binary
	@mkdir -p bin
	$(GO) build -trimpath -buildvcs=auto -o $(BIN) ./cmd/veghe

run: build ## start veghe: your veghe.yaml if there is one, else the demo
	@if [ -f veghe.yaml ]; then exec $(BIN) run -c veghe.yaml; \
	else echo "No veghe.yaml here, so no source is configured: starting the demo (invented posts, on this machine only)."; \
	     echo "To watch real sources, copy deploy/veghe.example.yaml to veghe.yaml and edit it."; exec $(BIN) demo; fi

demo: build ## a small invented forum and ad board, crawled and flagged before your eyes
	exec $(BIN) demo

test: ## all tests that need only Go
	$(GO) vet ./...
	$(GO) test -timeout 20m ./...

rules: build ## check and test the shipped rules
	$(BIN) rules check
	$(BIN) rules test
	$(BIN) rules fmt -check -rules rules

handover: ## validators of other agencies read what we export (needs python3)
	deploy/ci/handover.sh

golden: ## rewrite golden files (look at the diff)
	$(GO) test ./cmd/veghe -run 'Scorecard' -update

vuln: ## known vulnerabilities of what is linked (needs the network)
	$(GO) run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

docs: ## rewrite the pages of docs that are made from the code
	$(GO) test ./cmd/veghe -run 'Page$$' -update
	$(GO) test . -run FuzzTargetsAreListed -update
	$(GO) run ./deploy/grafana/gen deploy/grafana/dashboards

wording: ## learn rules/wording again, from the labelled texts of rules/testdata/golden and the rules' examples
	$(GO) run ./detect/wording/learn -out rules/wording rules/testdata/golden

lint: ## gofmt, go mod tidy, go vet, golangci-lint, shellcheck, secrets, licences
	deploy/ci/lint.sh $(GOLANGCI_VERSION)

# Scripts, scorecard and the edit of every rule start a veghe many times, each
# reading all rules, which the race detector slows tenfold; the others of these
# read all rules, or all golden texts, in one goroutine. make test has them.
NO_RACE = TestScripts TestScorecard TestEveryShippedRuleCanBeEdited TestBackupUnderLoad TestTutorials TestUpgrade \
	TestShippedIsLearnt TestOracleShipped TestShippedRulesAreReadTheSame TestEvalMutate TestEvalSaysHowEarly TestEvalDetail
empty :=
race: ## all tests under the race detector but those that have nothing for it
	CGO_ENABLED=1 $(GO) test -race -timeout 30m -skip '^($(subst $(empty) ,|,$(strip $(NO_RACE))))$$' ./...

fault: ## break disks, files, clocks, processes: nothing acknowledged may be lost
	deploy/ci/fault.sh

fault-kafka: ## the same for brokers, the network and the stages on them (twelve minutes)
	deploy/ci/fault.sh kafka

scale: build ## throughput of 1, 2 and 4 detect processes on three brokers, as ratios
	deploy/ci/scale.sh

load: ## results pages over POSTS flagged posts (1000000), beside FTS5 and PostgreSQL
	deploy/ci/load.sh $(or $(POSTS),1000000)

soak: ## POSTS posts (1000000) through one veghe: speed, memory, disk, latency
	deploy/ci/soak.sh $(or $(POSTS),1000000)

fuzz: ## every fuzz target for FUZZTIME (10s)
	deploy/ci/fuzz.sh $(FUZZTIME)

bench: ## Go benchmarks as a table
	deploy/ci/bench.sh

hyperscan: ## the matcher beside Hyperscan on the same work (needs libhyperscan-dev)
	detect/rule/testdata/hyperscan/run.sh

eval: build ## measure on the texts in DATA that are not part of the repository
	deploy/ci/eval.sh $(DATA)

kafka: ## a real Kafka on loopback: one broker, or BROKERS=3
	deploy/kafka/kafka.sh start $(or $(BROKERS),1)

kafka-stop: ## stop it
	deploy/kafka/kafka.sh stop

postgres: ## the desk on a real PostgreSQL, started for the purpose, on loopback
	deploy/ci/postgres.sh

kafka-test: build ## contract and pipeline against real brokers, killed and restarted
	deploy/kafka/test.sh

browser: build ## the desk in a real Chromium
	deploy/ci/axe.sh -count=1 -run Browser

promtool: build ## alert rules and metrics checked by Prometheus's own tool
	deploy/ci/promtool.sh

package: ## a Debian package and a tar.gz for amd64 and arm64 in dist, reproducible
	deploy/package/package.sh dist

wordpress: build ## crawl a real WordPress, installed for the purpose, on loopback
	deploy/ci/wordpress.sh

spirit: build ## crawl a real Spirit forum, installed for the purpose, on loopback
	deploy/ci/spirit.sh

ci: ## everything CI runs after `make test`
	deploy/ci/ci.sh

clean: ## remove build products
	rm -rf bin dist .cache
