# Everything that developers and CI run. `make help` lists the targets.
#
# Needs Go and make; `race` needs a C compiler too. Tools come from tools/go.mod, pinned, and are
# built by Go when first used.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
TOOL     := $(GO) tool -modfile=tools/go.mod
# How long each fuzz target runs: a number of inputs, or a duration such as 10m.
FUZZTIME ?= 100000x
# Go's own arguments for the tests, such as ARGS='-run=TestScripts -v'.
ARGS     ?=

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Tests and compilers make much that soon is garbage, and little that stays; where much stays, memory
# is not to grow out of proportion.
lint test race invariants fuzz: export GOGC ?= 400
lint test race invariants fuzz: export GOMEMLIMIT ?= 3GiB

.PHONY: test
test: ## Run all tests; needs nothing but Go.
	$(GO) test $(ARGS) ./...

# Packages whose tests are long, and have one goroutine: they hold pure packages, which internal/house
# keeps free of goroutines and locks, to their specification, step by step.
SEQUENTIAL := internal/promises internal/reference plan shadow simulator

# Tests that documents quote what commands print. They are long, and have no goroutines that others
# have not.
QUOTATIONS := ^(TestQuotedOutputs|TestQuestionsAreAnswered)$$

.PHONY: race
race: ## Run the tests under the race detector, but for those with one goroutine, and quotations.
	$(GO) list ./... | grep -Fvx $(SEQUENTIAL:%=-e github.com/quotasched/quotasched/%) | \
	  xargs $(GO) test -race -vet=off -timeout=18m -skip='$(QUOTATIONS)' $(ARGS)

.PHONY: invariants
invariants: ## Run all tests with the slow checks on.
	$(GO) test -tags=invariants -vet=off -timeout=18m $(ARGS) ./...

.PHONY: traces
traces: ## Replay real logs at full length, from the folder that QSIM_TRACES names.
	$(GO) test -run=KTH -v ./simulator

.PHONY: faults-long
faults-long: ## Run 50 seeds of 20,000 tasks with all faults on; some minutes.
	QSIM_LONG_FAULTS=20000 $(GO) test -timeout=30m -run=TestAllFaults -v ./simulator

.PHONY: replay-long
replay-long: ## Record and replay the examples and the KTH log in full, each state hashed; about an hour.
	QSIM_LONG_REPLAY=1 $(GO) test -timeout=5h -run='TestKTHIsReplayed|TestRecordedRuns' -v \
	  ./simulator/qsim

.PHONY: state-long
state-long: ## Run 5,000 worlds of faults and a million tasks through the dispatcher's state; 15 minutes.
	QSCHED_WORLDS=5000 QSCHED_MILLION=1 $(GO) test -timeout=60m \
	  -run='^(TestNoTaskRunsTwiceAtATime|TestAMillionTasks)$$' -v ./dispatcher/state

.PHONY: forecast-long
forecast-long: ## Measure forecasts on logs in QSIM_TRACES, write docs/forecasts.md; 20 minutes.
	QSIM_LONG_FORECAST=1 $(GO) test -timeout=120m -run=TestForecastsHold$$ -v ./forecast

.PHONY: chaos-agents-short
chaos-agents-short: ## Kill and stop 20 agents, their shims and the server for a minute.
	CHAOS_AGENTS=20,60 $(GO) test -timeout=10m -run=TestNoTaskRunsTwiceAtOnce -v ./dispatcher/qsched

.PHONY: chaos-agents
chaos-agents: ## Kill and stop 200 agents, their shims and the server for 5 minutes; kill -9 an agent 500 times.
	CHAOS_AGENTS=200,300 $(GO) test -timeout=30m -run=TestNoTaskRunsTwiceAtOnce -v \
	  ./dispatcher/qsched
	WORKER_CHAOS_ROUNDS=500 $(GO) test -timeout=30m -v \
	  -run='TestAKilledAgentsTasksAreFoundAgain|TestHeartbeatsGoOnUnderLoad|TestOutputIsBounded' \
	  ./worker ./worker/shim

.PHONY: cost-agents
cost-agents: ## Measure what an agent costs, on a machine that does nothing else; two minutes.
	AGENT_COST=1 $(GO) test -count=1 -timeout=10m -v -run=TestWhatAnAgentCosts ./dispatcher/qsched

.PHONY: chaos
chaos: ## Do harm to three nodes 100 times, and kill 30 leaders; ten minutes.
	QSCHED_CHAOS_ROUNDS=100 QSCHED_CHAOS_KILLS=30 $(GO) test -count=1 -timeout=40m -v ./dispatcher/chaos
	QSCHED_LONG_POWER=50 $(GO) test -count=1 -timeout=20m -v -run=TestLossOfPower ./dispatcher/log/raftlog

.PHONY: swarming-long
swarming-long: ## Let 300 of Swarming's bots live through 24 hours with all faults; some minutes.
	QSCHED_SWARMING_HOURS=0.67 $(GO) test -count=1 -v -run=TestADay ./dispatcher/swarming
	QSCHED_SWARMING_HOURS=24 $(GO) test -count=1 -timeout=60m -v -run=TestADay ./dispatcher/swarming

.PHONY: tune-long
tune-long: ## Tune the device lab and logs in QSIM_TRACES, against grids and held-out halves; an hour.
	QSIM_LONG_TUNE=1 $(GO) test -timeout=150m -run='TestLongTune' -v ./simulator/qsim

.PHONY: million
million: ## Measure a million waiting tasks: memory, snapshots, and a server's restart; some minutes.
	QSCHED_MILLION=1 $(GO) test -p=1 -run=Million -count=1 -v ./dispatcher/state ./dispatcher

.PHONY: rewrite
rewrite: ## Write the golden scripts' output and what documents quote of qsim anew; read the diff.
	$(GO) test ./scheduler ./reconciler -run='^TestScripts$$' -rewrite
	$(GO) test ./simulator/qsim -run='^(TestQuestionsAreAnswered|TestQuotedOutputs)$$' -rewrite

# fuzz_one PACKAGE NAME runs a fuzz target with one worker, and prints what it says when it has ended.
define fuzz_one
said=$$($(GO) test -run='^$$' -fuzz="^$$2\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=10x \
  -parallel=1 "$$1" </dev/null 2>&1) || failed=1; \
echo "fuzz: $$1 $$2"; tail -n 40 <<<"$$said"; exit "$${failed:-0}"
endef
export fuzz_one

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (100000 inputs), two targets at a time.
	@grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | \
	  xargs $(GO) test -list='^Fuzz' | awk '\
	  /^Fuzz/ { names[n++] = $$1 } \
	  $$1 == "ok" || $$1 == "?" { for (i = 0; i < n; i++) print $$2, names[i]; n = 0 }' | \
	  xargs -P2 -L1 bash -c "$$fuzz_one" fuzz

.PHONY: bench
bench: ## Run the benchmarks, and print their tables; some minutes.
	$(GO) run ./benchmarks/table

.PHONY: bench-long
bench-long: ## The same at full size, up to a million requests; some more.
	$(GO) run ./benchmarks/table -long

.PHONY: bench-dispatcher
bench-dispatcher: ## Measure a dispatcher from end to end, and print a table; some minutes.
	$(GO) run ./benchmarks/dispatcher

.PHONY: demo
demo: ## Run the built-in experiment: a week of a device lab under three policies.
	$(GO) run ./simulator/qsim run

# photograph,PAGE,HEIGHT,FILE takes a picture of a page in the folder $$fresh.
photograph = "$$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars \
  --window-size=1280,$(2) --virtual-time-budget=5000 --user-data-dir="$$fresh/browser" \
  --screenshot=$(3) "file://$$fresh/$(1)" 2>"$$fresh/log" || { cat "$$fresh/log" >&2; exit 1; }

.PHONY: picture
picture: ## Draw docs/report.png and docs/frontier.png, of two reports; needs a Chromium.
	@browser=$$(command -v chromium || command -v chromium-browser || command -v google-chrome) || { \
	  echo "picture: no chromium, chromium-browser or google-chrome" >&2; exit 1; }; \
	fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(GO) run ./simulator/qsim run --wall-times off --html "$$fresh/report.html" >/dev/null; \
	$(call photograph,report.html,1640,docs/report.png); \
	$(GO) run ./simulator/qsim run --wall-times off --html "$$fresh/whole.html" \
	  examples/experiments/device-lab-lost-work.yaml >/dev/null; \
	sed 's|</style>|main > :not(#frontier), header, .top, footer { display: none }&|' \
	  "$$fresh/whole.html" >"$$fresh/frontier.html"; \
	$(call photograph,frontier.html,700,docs/frontier.png); \
	ls -l docs/report.png docs/frontier.png

.PHONY: generate
generate: ## Make the Go code of protos/, and what describes experiment files, anew.
	$(TOOL) buf format --write
	$(TOOL) buf generate
	$(GO) run ./simulator/experiment/schemagen

.PHONY: fmt
fmt: ## Format Go code and protos.
	gofmt -s -w $$(git ls-files --cached --others --exclude-standard '*.go')
	$(TOOL) buf format --write

# What compiles for itself comes first: beside `make test`, the rest finds compiled what that needs.
.PHONY: lint
lint: lint-format lint-386 lint-protos lint-house lint-vet lint-static lint-dead lint-tidy ## Check all but the tests.

.PHONY: lint-format
lint-format: ## Check that gofmt would change nothing.
	@unformatted=$$(gofmt -s -l .); \
	if [[ -n "$$unformatted" ]]; then echo "not gofmt -s: $$unformatted" >&2; exit 1; fi

.PHONY: lint-house
lint-house: ## Check imports, clocks and chance, and how long lines, functions and files are.
	LINT=1 $(GO) test ./internal/house

# The packages that have other files with the slow checks.
CHECKED = $$(grep -rl --include='*.go' '^//go:build .*invariants' . | xargs -n1 dirname | sort -u)

.PHONY: lint-vet
lint-vet: ## Run go vet, with and without the slow checks.
	$(GO) vet ./...
	$(GO) vet -tags=invariants $(CHECKED)

.PHONY: lint-386
lint-386: ## Type-check and vet for a 32-bit machine.
	GOARCH=386 CGO_ENABLED=0 $(GO) vet ./...

.PHONY: lint-static
lint-static: ## Run staticcheck, as staticcheck.conf says, with and without the slow checks.
	$(TOOL) staticcheck ./...
	$(TOOL) staticcheck -tags=invariants $(CHECKED)

.PHONY: lint-dead
lint-dead: ## Check that a command or a test reaches each function.
	@dead=$$($(TOOL) deadcode -test ./...); \
	if [[ -n "$$dead" ]]; then echo "$$dead" >&2; exit 1; fi

.PHONY: lint-tidy
lint-tidy: ## Check that go mod tidy would change nothing.
	$(GO) mod tidy -diff
	$(GO) -C tools mod tidy -diff

.PHONY: lint-protos
lint-protos: ## Check the protos, and that their Go code is up to date.
	$(TOOL) buf lint
	$(TOOL) buf format --diff --exit-code
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(TOOL) buf generate --output "$$fresh"; \
	diff -ru --exclude='*.proto' --exclude=doc.go protos "$$fresh/protos" || { \
	  echo "protos/*.pb.go are not what make generate writes" >&2; exit 1; }
