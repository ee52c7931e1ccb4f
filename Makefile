# The front door: every target does its own set-up, says what it does, and is quick the second time.
# Developers' configurations (dev, asan, tsan) are CMake presets; see CONTRIBUTING.md.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# demo, test, bench and package share one configuration, so that nothing is compiled twice.
BUILD := build/release
TERRACE := $(BUILD)/bin/terrace
STEP := scripts/step.sh

# Passed to `terrace demo`, such as DEMO_ARGS=--once; and to terrace_bench, such as
# BENCH_ARGS=--json=bench.json.
DEMO_ARGS ?=
BENCH_ARGS ?=
# Of `make robustness`: how long each form is tried, and the seed of an earlier run to repeat.
MINUTES ?= 10
SEED ?=

.PHONY: help demo cluster test robustness bench lint format package setup build clean

help:  ## Says what there is (the default).
	@echo 'Terrace. Targets:'
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo
	@echo 'make demo DEMO_ARGS=--once prints the report and exits.'

demo:  ## Builds Terrace, loads the sample county, prints its report and keeps serving.
	@scripts/setup.sh build
	@$(STEP) 'Building $(TERRACE)' scripts/build.sh $(BUILD) terrace
	@$(TERRACE) demo $(DEMO_ARGS)

cluster:  ## Runs the demo on separate services, a Redis Cluster and nginx, all on this machine.
	@scripts/setup.sh build cluster
	@$(STEP) 'Building $(TERRACE)' scripts/build.sh $(BUILD) terrace
	@scripts/cluster.sh $(BUILD) $(DEMO_ARGS)

test:  ## Builds everything, checks the style, runs every test.
	@scripts/setup.sh build check
	@$(STEP) 'Building everything into $(BUILD)' scripts/build.sh $(BUILD) all
	@scripts/lint.sh $(BUILD)
	@$(STEP) 'Running the tests' ctest --preset release

robustness:  ## Traffic and faults over both forms: make robustness MINUTES=10 SEED=n
	@scripts/setup.sh build check
	@$(STEP) 'Building $(BUILD)/bin/terrace_robustness' \
	  scripts/build.sh $(BUILD) terrace_robustness
	@$(BUILD)/bin/terrace_robustness --minutes=$(MINUTES) $(if $(SEED),--seed=$(SEED))

bench:  ## Measures throughput and latency; every figure is a ratio within one run.
	@scripts/setup.sh build bench
	@$(STEP) 'Building $(BUILD)/bin/terrace_bench' scripts/build.sh $(BUILD) terrace_bench
	@$(BUILD)/bin/terrace_bench $(BENCH_ARGS)

lint: build  ## Checks protos, format, and clang-tidy's chosen set.
	@scripts/lint.sh $(BUILD)

format: setup  ## Formats every C++ file in place.
	@scripts/format.sh fix

package: build  ## Makes the .deb and the tarball in dist/.
	@$(STEP) 'Packing' scripts/package.sh $(BUILD) dist
	@ls -1 dist/*.deb dist/*.tar.gz

setup:  ## Installs what the other targets need.
	@scripts/setup.sh build check

build: setup  ## Builds everything.
	@$(STEP) 'Building everything into $(BUILD)' scripts/build.sh $(BUILD) all

clean:  ## Removes what was built and packed.
	rm -rf build dist tests/node_modules
