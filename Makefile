# Everything starts from a checkout, Python 3.11, git and make; as root on Debian the rest is installed, else told.
PYTHON ?= python3
PORT ?= $(or $(LAMBDA_EMU_PORT),9000)
BIN := .venv/bin
PIP := PIP_CONSTRAINT=requirements.lock $(BIN)/pip install --quiet --disable-pip-version-check
# What is compiled once need not be compiled by every process of a test.
unexport PYTHONDONTWRITEBYTECODE
BUILT_FROM := pyproject.toml requirements.lock hatch_build.py $(wildcard runtimes/init/*.[ch])

.PHONY: help install run lint test test-slow test-runtimes bench wheels lock start-engine stop-engine browser node-client ruby aws-cli clean

help:
	@echo "make install        the lambda-emu command, in $(BIN)"
	@echo "make run            serve examples/ on http://127.0.0.1:$(PORT)"
	@echo "make test           check the code and run the tests, against a real engine"
	@echo "make test-slow      the tests that take minutes"
	@echo "make test-runtimes  the tests of every other runtime that an image can be built for"
	@echo "make bench          measure against AWS's own emulator"
	@echo "make wheels         what the Dockerfile needs, in dist/wheels"
	@echo "make lint           only check the code"

install: $(BIN)/.installed

$(BIN)/.installed: $(BUILT_FROM)
	@sh scripts/venv.sh $(PYTHON) .venv
	@echo "Installing lambda-emu into .venv"
	@$(PIP) --editable '.[sam,builds]'
	@$(BIN)/python -m compileall -q lambda_emu
	@touch $@

$(BIN)/.tools: $(BIN)/.installed
	@echo "Installing the tools of development"
	@$(PIP) --editable '.[dev]'
	@touch $@

run: install
	@if sh scripts/engine.sh check; then sh scripts/engine.sh builder || true; fi
	@exec $(BIN)/lambda-emu serve examples --port $(PORT)

lint: $(BIN)/.tools
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Where no engine can be had the tests that need none still run; on CI that is a failure.
WITHOUT_ENGINE = $$(sh scripts/engine.sh check || echo and not docker)
ORDINARY = not slow and not runtimes $(WITHOUT_ENGINE)
start-engine: install
	@sh scripts/engine.sh start || [ "$$CI" != true ]

stop-engine:
	@sh scripts/engine.sh stop

# Where CI runs, the tests that show pages in a browser must find one; elsewhere they say what they miss.
browser:
	@[ "$$CI" != true ] || command -v chromium-headless-shell >/dev/null || sh scripts/packages.sh chromium-headless-shell

# So must functions in Node.js run without Docker; if the client cannot be had, their tests fail and no others.
node-client:
	@[ "$$CI" != true ] || sh scripts/node-client.sh || true

# And in Ruby.
ruby:
	@[ "$$CI" != true ] || command -v bundle >/dev/null || sh scripts/packages.sh ruby ruby-bundler

# And version 2 of the AWS CLI.
aws-cli:
	@[ "$$CI" != true ] || test -x /usr/bin/aws || sh scripts/packages.sh awscli

# Files of tests run beside each other, one more than there are cores, since tests wait too; those that want most of a
# core two at once; and those that measure one by one: environments are given their share of the cores.
CHAOS = $(addsuffix .py,$(addprefix tests/chaos/test_,$(1)))
ENGINE = $(addsuffix .py,$(addprefix tests/engine/test_,$(1)))
PAIRED := tests/engine/languages $(call CHAOS,kill_under_load silent_engine stopping) $(wildcard $(call ENGINE,attacks cli \
	data_directory early_runtimes failures image_functions init_* leaks restart))
ALONE := $(call CHAOS,floods many_mappings slow_others) $(call ENGINE,limits start_of_server starts)
BESIDE := --dist loadfile --no-loadscope-reorder -m "$(ORDINARY)"
test: lint start-engine browser node-client ruby aws-cli
	$(BIN)/pytest -n 3 $(BESIDE) $(PAIRED:%=--ignore %) $(ALONE:%=--ignore %)
	$(BIN)/pytest -n 2 $(BESIDE) $(PAIRED)
	$(BIN)/pytest -m "$(ORDINARY)" $(ALONE)

test-slow: $(BIN)/.tools start-engine
	@command -v qemu-aarch64-static >/dev/null || sh scripts/packages.sh qemu-user-static
	$(BIN)/pytest -m "slow $(WITHOUT_ENGINE)"

# One runtime of most families is among the other tests. This builds the images of all the others, once.
test-runtimes: $(BIN)/.tools start-engine
	@command -v gradle >/dev/null || sh scripts/packages.sh gradle
	$(BIN)/pytest -m runtimes

# What the Dockerfile is made of, with the services around Lambda as `make install` has them.
WHEELS := dist/wheels
wheels: $(BIN)/.installed
	@rm -rf $(WHEELS)
	@PIP_CONSTRAINT=requirements.lock $(BIN)/pip wheel --quiet --wheel-dir $(WHEELS) '.[sam]' pip

bench: $(BIN)/.tools start-engine
	$(BIN)/python -m benchmarks

lock: $(BIN)/.tools
	$(BIN)/pip freeze --exclude-editable >requirements.lock

clean: stop-engine
	rm -rf .venv .cache dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis lambda_emu/sandbox/bin
