# Everything a person or CI runs. `make help` lists it; the first run of any target sets up what it needs.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHON

# Real data and the official schemas, when they lie beside this checkout. Without them a country is generated, and
# the tests that need them say that they were skipped.
ifeq ($(origin TIELINE_DATA),undefined)
ifneq ($(wildcard ../shared/data/.),)
export TIELINE_DATA := $(abspath ../shared/data)
endif
endif
ifeq ($(origin TIELINE_STANDARDS),undefined)
ifneq ($(wildcard ../shared/standards/.),)
export TIELINE_STANDARDS := $(abspath ../shared/standards)
endif
endif

# A stamp is newer than what it was made from, so that a second run has nothing to do.
PACKAGES := $(VENV)/.packages
PROJECT := $(VENV)/.project
CONSOLE := src/tieline/console
NODE_MODULES := node_modules/.packages
ASSETS := $(CONSOLE)/assets/built/manifest.json
SETUP := $(PROJECT) $(if $(wildcard package.json),$(ASSETS))

BROWSER := $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name))))
JOBS ?= 2

# Tests that drive a browser run in processes of their own: a browser's driver holds the event loop of its process.
# With ARGS= one of the two may have nothing to run (pytest's code 5), which is no failure.
define tests
code=0; run() { pytest -n $(JOBS) -q$(2) "$$@" $(ARGS); found=$$?; [ $$found = 5 ] || [ $$found = 0 ] || code=$$found; }; \
run -m "not e2e$(1)"; \
if [ -n "$(BROWSER)" ]; then run --dist loadgroup -m "e2e$(1)" $(if $(ARGS),,tests/e2e); \
else echo "No chromium here: the tests that drive a browser are left out." >&2; fi; exit $$code
endef

switch = $(if $(filter-out 0 no false,$(2)),$(1))
option = $(if $(2),$(1) "$(2)")

##@ Run
.PHONY: run
run: $(SETUP) ## Start the platform, two operators and the simulated world (SITES=, SEED=); Ctrl-C stops all of it
	@tieline up --demo $(call option,--sites,$(SITES)) $(call option,--seed,$(SEED))

.PHONY: story
story: $(SETUP) ## The main job end to end, headless (SITES=, SEED=, FAULTS=file, KEEP=1, STORY=name); last line is JSON
	@tieline story $(call option,,$(STORY)) $(call option,--sites,$(SITES)) $(call option,--seed,$(SEED)) \
	  $(call option,--faults,$(FAULTS)) $(call switch,--keep,$(KEEP))

##@ Check
.PHONY: test
test: $(SETUP) ## The gate: all tests but the slow ones (ARGS= goes to pytest)
	@$(call tests, and not slow)

.PHONY: test-all
test-all: $(SETUP) ## All tests, the slow ones too, and with examples that are drawn anew
	@$(call tests,, --hypothesis-profile=anew)

.PHONY: check
check: $(SETUP) ## Lint, format, types, import rules, house rules, TypeScript
	@tools/check.sh

.PHONY: format
format: $(SETUP) ## Put the Python code into its standard form, and mend what can be mended by rule
	ruff check --fix --quiet . || true
	ruff format .

.PHONY: bench
bench: $(SETUP) ## Measure; raw samples go to bench.json (ROW=name for one row)
	@python -m benchmarks $(ROW)

.PHONY: screenshots
screenshots: $(SETUP) ## Every page x two widths x two themes x full, empty, error, into screenshots/
	@python -m tools.screenshots $(ARGS)

##@ Maintain
.PHONY: setup
setup: $(SETUP) ## Only set up: Python and Node packages by their locks, the console's files

.PHONY: docs
docs: $(SETUP) ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

.PHONY: lock
lock: $(PACKAGES) ## Compile the lock files anew from pyproject.toml and package.json (UPGRADE=1 takes newer versions)
	@tools/lock.sh $(call switch,--upgrade,$(UPGRADE))

.PHONY: clean
clean: ## Remove what was built and cached (not .venv, node_modules, nor var, which holds your data)
	rm -rf $(CONSOLE)/assets/built site dist build screenshots bench.json .coverage
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(PACKAGES): requirements/dev.lock requirements/bootstrap.lock tools/bootstrap.sh
	@tools/bootstrap.sh packages
	@touch $@

$(PROJECT): $(PACKAGES) pyproject.toml
	@tools/bootstrap.sh project
	@touch $@

$(NODE_MODULES): $(PACKAGES) package-lock.json
	@tools/bootstrap.sh node
	@touch $@

ifneq ($(wildcard package.json),)
$(ASSETS): $(NODE_MODULES) package.json $(shell find $(CONSOLE)/ts $(CONSOLE)/assets -type f -not -path '*/built/*' 2>/dev/null)
	@tools/bootstrap.sh console
	@touch $@
endif
