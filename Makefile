# Everything a person does with this repository. `make help` explains itself.

PYTHON ?= python3
PLAN ?= plans/storefront.yaml
SCENARIO ?= power-loss
FUZZTIME ?= 10m

FUNCTIONS := $(notdir $(wildcard functions/*))
LAMBDA := GOOS=linux GOARCH=arm64 go build -tags lambda.norpc -ldflags '-s -w'

# One way to compile everything, the functions' own: another would compile the
# AWS SDK a second time, which takes minutes.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath -buildvcs=false

export CDK_DISABLE_CLI_TELEMETRY := true
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

.PHONY: help setup drill rehearse-all test check bench fuzz simulate invoke build synth deploy clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: .venv/ready node_modules/ready ## install the simulator and the CDK command line, once

.venv/ready: pkg/rehearsal/simulator/requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

node_modules/ready: package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

drill: .venv/ready ## watch a region die and the application come back (PLAN=, SCENARIO=)
	go build -o bin/pilotlight ./cmd/pilotlight
	./bin/pilotlight rehearse $(PLAN) --scenario $(SCENARIO)

rehearse-all: .venv/ready ## every plan in every game day that it answers, into docs/strategies.md
	go build -o bin/pilotlight ./cmd/pilotlight
	./bin/pilotlight rehearse-all plans/*.yaml

test: setup ## all tests: unit, property, the rehearsal end to end, CDK templates
	go test -timeout 30m $$(go list ./... | grep -v '/pkg/rehearsal$$')
	go test -timeout 40m ./pkg/rehearsal # alone: it measures time, and a busy machine adds to it
	cd pkg/rehearsal/simulator && ../../../.venv/bin/python -m unittest discover --quiet --start-directory tests --top-level-directory .

check: test ## the tests, and vet, staticcheck and gofmt besides
	go vet ./...
	go tool staticcheck ./...
	@unformatted=$$(gofmt -l bench cmd functions infra internal pkg); \
	test -z "$$unformatted" || { echo "$$unformatted"; echo 'run gofmt -w on these files'; exit 1; }

bench: .venv/ready ## benchmarks and simulations, into out/bench.json (about ten minutes)
	go run ./bench
	go test ./pkg/backlog ./pkg/retention -run '^$$' -bench . -benchmem

fuzz: ## fuzz every decoder, each for FUZZTIME (more than two hours in all)
	@grep -ro --include='*_test.go' '^func Fuzz[A-Za-z]*' pkg | sed -E 's|^(.*)/[^/]*:func |./\1 |' | sort | while read -r package target; do \
		echo "$$package $$target"; \
		go test "$$package" -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x || exit 1; \
	done

simulate: .venv/ready ## keep a simulated AWS with the plan deployed running, for make invoke
	go build -o bin/pilotlight ./cmd/pilotlight
	./bin/pilotlight simulate $(PLAN)

invoke: ## invoke a function of the running simulation: FUNCTION=verify EVENT=events/verify/step.json
	@go build -o bin/pilotlight ./cmd/pilotlight
	@./bin/pilotlight invoke $(FUNCTION) $(EVENT)

build: $(FUNCTIONS:%=bin/arm64/%/bootstrap) ## the functions as they are deployed

bin/arm64/%/bootstrap: FORCE
	@mkdir -p $(@D)
	$(LAMBDA) -o $@ ./functions/$*

synth: setup build ## the CloudFormation templates of every plan, in cdk.out
	npx cdk synth --quiet --no-notices

deploy: setup build ## deploy every plan to the account and regions of your AWS credentials
	npx cdk deploy --all --no-notices

FORCE:

clean: ## remove everything that was built or installed here
	rm -rf bin out cdk.out .venv node_modules
