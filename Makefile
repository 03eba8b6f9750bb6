# The commands of this repository. `make help` lists them. The build itself is CMake's: CMakePresets.json, cmake/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PRESET ?= release
ADDR ?= 127.0.0.1:8000
JOBS ?= $(shell nproc)

# Paths inside the repository are hashed relative to it. Build folders still share little: the precompiled header differs by path.
export CCACHE_SLOPPINESS := pch_defines,time_macros,include_file_mtime,include_file_ctime
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

# Suppressions, each with its reason, are in test/sanitizers.
suppressed = $(if $(wildcard test/sanitizers/$(1).supp),:suppressions=$(CURDIR)/test/sanitizers/$(1).supp)
SANITIZER_OPTIONS = ASAN_OPTIONS=allocator_may_return_null=1$(call suppressed,asan) \
  UBSAN_OPTIONS=print_stacktrace=1$(call suppressed,ubsan) LSAN_OPTIONS=report_objects=1$(call suppressed,lsan) \
  TSAN_OPTIONS=second_deadlock_stack=1$(call suppressed,tsan)

.PHONY: help setup build guests run test test-guests sanitize tsan fuzz conformance accept-conformance accept-wasi accept-fuzz \
  bench lint format check clean accept-idle accept-soak accept-neighbours accept-stream accept-waiting accept-grpc accept-scenarios

help: ## lists these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## installs what is missing (apt, with sudo when needed); does nothing when all is there
	@tools/setup

build: setup ## builds build/release/wisp (PRESET=dev, asan, tsan, fuzz for the others)
	@tools/build $(PRESET)

guests: setup ## builds the C and C++ guests into build/guests
	@tools/build-guest

run: build ## builds everything needed and serves the sample on 127.0.0.1:8000 (ADDR=host:port)
	@tools/build-guest hello
	@[ -t 2 ] || echo "try: curl 'http://$(ADDR)/?name=you'        stop: Ctrl-C" >&2
	@exec build/release/wisp serve --addr $(ADDR) build/guests/hello.wasm

test: build guests ## builds everything and runs the tests
	@ctest --test-dir build/$(PRESET) --output-on-failure --label-exclude guests -j $(JOBS)

test-guests: ## components made by Rust, Python, JavaScript, Go and Kotlin; a missing toolchain is a SKIP with its reason
	@tools/setup --guests
	@tools/build $(PRESET)
	@tools/build-guests-extra
	@tools/test-guests

sanitize: guests ## all tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/build asan
	@$(SANITIZER_OPTIONS) ctest --test-dir build/asan --output-on-failure --label-exclude guests -j $(JOBS)

tsan: guests ## all tests under ThreadSanitizer
	@tools/build tsan
	@$(SANITIZER_OPTIONS) ctest --test-dir build/tsan --output-on-failure --label-exclude guests -j $(JOBS)

fuzz: setup ## each fuzz target for SECONDS_EACH (60) seconds
	@tools/build fuzz
	@tools/fuzz $(SECONDS_EACH)

conformance: build ## the official suites: COMPONENT_MODEL=dir WASI_TESTSUITE=dir JCO=dir name local clones
	@if [ -z "$(COMPONENT_MODEL)$(WASI_TESTSUITE)$(JCO)" ]; then \
	  echo "say where the clones are: make conformance COMPONENT_MODEL=dir WASI_TESTSUITE=dir JCO=dir" >&2; exit 2; fi
	@if [ -n "$(COMPONENT_MODEL)" ]; then tools/conformance component-model "$(COMPONENT_MODEL)"; fi
	@if [ -n "$(WASI_TESTSUITE)" ]; then tools/conformance wasi-testsuite "$(WASI_TESTSUITE)"; fi
	@if [ -n "$(JCO)" ]; then cmake --build --preset $(PRESET) --target wisp_fixtures -- --quiet && \
	  tools/conformance jco "$(JCO)"; fi

# Acceptance: what takes too long for each change. COMPONENT_MODEL and WASI_TESTSUITE are local clones, as above.
accept-conformance: build ## the component-model suite (COMPONENT_MODEL=dir), then again under AddressSanitizer and UBSan
	@test -n "$(COMPONENT_MODEL)" || { echo "say where the clone is: make $@ COMPONENT_MODEL=dir" >&2; exit 2; }
	@tools/conformance component-model "$(COMPONENT_MODEL)"
	@tools/build asan
	@$(SANITIZER_OPTIONS) tools/conformance component-model "$(COMPONENT_MODEL)" --runner build/asan/test/wast/wisp_wast

accept-wasi: build ## the Preview 1 modules of the wasi-testsuite (WASI_TESTSUITE=dir), then again with the sanitizers
	@test -n "$(WASI_TESTSUITE)" || { echo "say where the clone is: make $@ WASI_TESTSUITE=dir" >&2; exit 2; }
	@tools/conformance wasi-testsuite "$(WASI_TESTSUITE)"
	@tools/build asan
	@$(SANITIZER_OPTIONS) tools/conformance wasi-testsuite "$(WASI_TESTSUITE)" --wisp build/asan/wisp

accept-fuzz: SECONDS_EACH = 600
accept-fuzz: fuzz ## each fuzz target for ten minutes

bench: build guests ## wisp beside nginx and wasmtime on this machine, as ratios (compiles wasmtime once)
	@tools/setup --bench
	@bench/run

accept-scenarios: build ## random scenarios against the specification (COMPONENT_MODEL=dir) for SECONDS=3600, then a sixth with the sanitizers
	@test -n "$(COMPONENT_MODEL)" || { echo "say where the clone is: make $@ COMPONENT_MODEL=dir" >&2; exit 2; }
	@tools/oracle-scenario "$(COMPONENT_MODEL)" --seconds $(or $(SECONDS),3600)
	@tools/build asan
	@WISP_BUILD=build/asan $(SANITIZER_OPTIONS) tools/oracle-scenario "$(COMPONENT_MODEL)" \
	  --seconds $$(( $(or $(SECONDS),3600) / 6 ))

accept-idle: build guests ## 10,000 idle instances in one process stay within 1 GiB
	@cmake --build --preset release --target wisp_idle_instances -- --quiet
	@build/release/bench/wisp_idle_instances 10000

accept-soak: build guests ## SECONDS=600 of mixed load with traps, endless loops and clients that leave
	@test/soak/soak.py --seconds $(or $(SECONDS),600)

accept-neighbours: build guests ## latency beside an endless loop and beside guests that block, on one shard (needs wrk: tools/setup --bench)
	@test/soak/neighbours.py

accept-stream: build guests ## 1 GiB each way through guests of wasi:http 0.3: no server grows by more than 8 MiB
	@test/soak/stream.py

accept-waiting: build guests ## 1,000 requests that wait in one instance of 0.3: at most 4 KiB each; half of their clients leave, the others are answered
	@test/soak/waiting.py

accept-grpc: guests ## 10,000 messages of each kind of gRPC call through guests of wasi:http 0.3, between grpc++ and grpc++
	@tools/setup --grpc
	@cmake --preset $(PRESET) > build/grpc-configure.log || { cat build/grpc-configure.log >&2; exit 1; }
	@cmake --build --preset $(PRESET) --target wisp wisp_grpc_peer -- --quiet
	@test/grpc/grpc.py

check: ## layers, file sizes, folder READMEs, formatting
	@tools/check

lint: build ## clang-tidy over all sources
	@tools/lint --all

format: ## formats all C and C++ in place
	@tools/format

clean: ## removes build/ (the caches in $$WISP_CACHE, ~/.cache/wisp, stay)
	rm -rf build
