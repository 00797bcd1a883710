# Golden Grain. Expects Python 3.11, Node.js 20 or newer and npm; `make setup` installs the rest, and every
# target installs what it needs by itself.
# `make test-chain T=tests/unit/tcb_policy` and `make test-contracts T=tests/property` run a part of a suite.
# `make fuzz FUZZ="--inputs 1000 --seed 3"` runs another campaign, `make fuzz-parsers FUZZ="--seconds 60"` a shorter one,
# `make mutants MUTANTS="--total 20"` a sample.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: help setup demo test compiled test-chain test-e2e test-whole test-python test-contracts deep coverage reference mutants
.PHONY: mutants-python invariants venom symbolic
.PHONY: fuzz fuzz-parsers models luck lint gas bench bench-large experiments abi clean

PYTHON ?= $(shell for name in python3.11 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo $$name && break; done)

# Debian's own pip does not know the options of requirements.txt.
PIP := 26.3

# What runs here keeps its files under .home: Brownie's, caches, settings of libraries.
RUN := mkdir -p .home reports; HOME="$(CURDIR)/.home"
BROWNIE := $(RUN) .venv/bin/brownie
PYTEST := $(RUN) .venv/bin/python -m pytest -p no:pytest-brownie

CHAIN_TESTS := $(wildcard tests/unit tests/scripts)
WHOLE_TESTS := $(addprefix tests/e2e/test_,consumers.py demo.py deploying.py developer_page.py page.py playground.py \
	provider_page.py strangers.py)
E2E_TESTS := $(filter-out $(WHOLE_TESTS),$(wildcard tests/e2e/test_*.py))
PYTHON_TESTS := $(wildcard tests/toolchain tests/offchain tests/fire tests/foreign)
SUITES := chain e2e whole python contracts
CONTRACT_TESTS := $(wildcard tests/property tests/stateful tests/attacks)
DEEP_TESTS := $(wildcard tests/property tests/stateful tests/attacks tests/fire) \
	tests/offchain/enclave/models/test_bounded_runs.py

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 20

setup: .venv/.ready .venv-lint/.ready node_modules/.ready ## both Python environments and the local chain

# ── The project at work ──

demo: .venv/.ready node_modules/.ready ## a whole sale on a local chain
	@$(BROWNIE) run demo

gas: .venv/.ready node_modules/.ready ## gas of each operation, today and under the next fork
	@$(BROWNIE) run gas
	@$(RUN) .venv/bin/python -m scripts.growth

bench: .venv/.ready node_modules/.ready ## the enclave beside plain onnxruntime; writes docs/BENCHMARKS.md
	@$(RUN) .venv/bin/python -m scripts.bench

experiments: .venv/.ready node_modules/.ready ## standard data sets; writes docs/EXPERIMENTS.md
	@$(RUN) .venv/bin/python -W ignore -m scripts.experiments
	@.venv/bin/python -m scripts.lib.experiments.plots reports/experiments.json docs/images

bench-large: .venv/.ready node_modules/.ready ## 10,000 submissions
	@$(RUN) .venv/bin/python -m scripts.bench --large

abi: .venv/.ready ## export ABIs, Solidity, EIP-712 types and storage layouts to interfaces/
	@$(RUN) .venv/bin/python -m scripts.abi

# ── Tests ──

test: .venv/.ready node_modules/.ready ## all suites side by side
	@$(RUN); rm -f reports/test-*.log
	@$(MAKE) --no-print-directory --keep-going --jobs=5 FIRST=compiled $(SUITES:%=test-%) && failed= || failed=1; \
	for suite in $(SUITES); do \
		printf '%-10s' $$suite; grep -hE '^=+ .* in [0-9.]+s.* =+$$' reports/test-$$suite.log || echo 'no result'; \
		grep -h '^SKIPPED ' reports/test-$$suite.log | sed 's/^/       /' || echo '       no test was skipped'; \
	done; [ -z "$$failed" ]

compiled: # once, for the suites of Brownie
	@$(BROWNIE) compile > reports/compile.log

test-chain test-e2e test-whole: $(FIRST)

test-chain: .venv/.ready node_modules/.ready ## unit tests of contracts, tests of scripts: Brownie on anvil
	@$(BROWNIE) test $(or $(T),$(CHAIN_TESTS)) -p no:boa_test 2>&1 | tee reports/test-chain.log | sed -u 's/^/chain  | /'

test-e2e: .venv/.ready node_modules/.ready ## tests of commands, as processes: Brownie on anvil
	@$(BROWNIE) test $(or $(T),$(E2E_TESTS)) -p no:boa_test 2>&1 | tee reports/test-e2e.log | sed -u 's/^/e2e    | /'

test-whole: .venv/.ready node_modules/.ready ## whole sales and the pages of the docs, as processes: Brownie on anvil
	@$(BROWNIE) test $(or $(T),$(WHOLE_TESTS)) -p no:boa_test 2>&1 | tee reports/test-whole.log | sed -u 's/^/whole  | /'

test-python: .venv/.ready node_modules/.ready ## tests of the toolchain, off-chain, and under fire
	@$(PYTEST) $(or $(T),$(PYTHON_TESTS)) 2>&1 | tee reports/test-python.log | sed -u 's/^/python | /'

test-contracts: .venv/.ready node_modules/.ready ## property, stateful and attack tests: titanoboa
	@$(PYTEST) $(or $(T),$(CONTRACT_TESTS)) 2>&1 | tee reports/test-contracts.log | sed -u 's/^/contracts | /'

deep: .venv/.ready ## the random tests for hours rather than minutes, and the parsers for an hour
	@$(PYTEST) --hypothesis-profile=deep -o faulthandler_timeout=0 $(DEEP_TESTS)
	@$(MAKE) --no-print-directory fuzz-parsers
	@$(MAKE) --no-print-directory reference

reference: .venv/.ready ## a long play of all contracts beside the reference model, and counts of what happened
	@$(RUN) .venv/bin/python -m tests.stateful.campaign $(REFERENCE)

coverage: .venv/.ready node_modules/.ready ## do the tests execute every statement and branch of the contracts?
	@$(RUN) .venv/bin/python -m tests.coverage $(COVERAGE)

mutants: .venv/.ready node_modules/.ready ## break the contracts in one place at a time: do the tests notice? (days)
	@$(RUN) .venv/bin/python -W ignore -m tests.mutation $(MUTANTS)

mutants-python: .venv/.ready .venv-mutants/.ready ## the same for the Python that decides money and trust (half a day)
	@$(RUN) .venv-mutants/bin/python -m tests.mutation.python $(MUTANTS)

invariants: .venv/.ready node_modules/.ready ## break each numbered rule: does its test notice? (an hour)
	@$(RUN) .venv/bin/python -W ignore -m tests.mutation.rules $(RULES)

venom: .venv/.ready .venv-venom/.ready ## property, stateful and attack tests under a second code generator, call by call
	@$(RUN) .venv/bin/python -m tests.compilers.compare $(VENOM)

symbolic: .venv/.ready .venv-symbolic/.ready ## properties of the contracts' bytecode, for every input: halmos
	@$(RUN) .venv/bin/python -m tests.symbolic.run

fuzz: .venv/.ready ## 100,000 mutated models, documents and HTTP requests: a quarter of an hour
	@$(RUN) .venv/bin/python -W ignore -m tests.fire.fuzz $(FUZZ)

fuzz-parsers: .venv/.ready .venv-atheris/.ready ## every parser of strangers' bytes, guided by coverage: an hour
	@$(RUN) .venv/bin/python -W ignore -m tests.foreign.campaign $(FUZZ)

models: .venv/.ready .venv-models/.ready ## the share of honest exports that an enclave accepts (8 GB)
	@$(RUN) .venv-models/bin/python -m scripts.models.exports .home/models
	@$(RUN) .venv/bin/python -m scripts.models.acceptance .home/models

luck: .venv/.ready node_modules/.ready ## what a provider pays for luck, with and without a confidence bound
	@$(RUN) .venv/bin/python -m scripts.models.luck

lint: .venv/.ready .venv-lint/.ready ## ruff, mypy, mamushi, natrix
	.venv-lint/bin/ruff check
	.venv-lint/bin/ruff format --check
	.venv-lint/bin/mypy
	.venv-lint/bin/mamushi --line-length 100 --check contracts interfaces integrations
	PATH="$(CURDIR)/.ci/linters:$(CURDIR)/.venv/bin:$(PATH)" .venv-lint/bin/natrix lint contracts/*.vy contracts/adapters contracts/modules

# ── Set-up: once, and again when the pins change ──

# $(call environment,folder): an empty virtual environment with the pip that the pins were made with. Always
# made anew, so that it holds nothing but what is pinned.
define environment
	@[ -n "$(PYTHON)" ] || \
		{ echo "Python 3.11 is missing: expected as python3.11, python3 or python on PATH" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing: expected with $(PYTHON) (Debian: python3.11-venv)" >&2; exit 1; }
	@[ ! -L $(1) ] || { echo "$(1) is a link, expected a folder of this checkout: remove the link" >&2; exit 1; }
	@echo "Setting up $(1), once: this takes a few minutes"
	@$(PYTHON) -m venv --clear $(1)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check pip==$(PIP)
endef

# Three steps: everything but Brownie; Brownie without its dependencies, since the pins are ours; this
# project's own command, `golden-grain`.
.venv/.ready: requirements.txt requirements-brownie.txt constraints.txt
	$(call environment,.venv)
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements-brownie.txt
	@.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv-lint/.ready: requirements-lint.txt
	$(call environment,.venv-lint)
	@.venv-lint/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-lint.txt
	@touch $@

.venv-symbolic/.ready: requirements-symbolic.txt
	$(call environment,.venv-symbolic)
	@.venv-symbolic/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-symbolic.txt
	@touch $@

.venv-atheris/.ready: requirements-atheris.txt
	$(call environment,.venv-atheris)
	@.venv-atheris/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-atheris.txt
	@touch $@

.venv-mutants/.ready: requirements-mutants.txt
	$(call environment,.venv-mutants)
	@.venv-mutants/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-mutants.txt
	@touch $@

.venv-venom/.ready: requirements-venom.txt
	$(call environment,.venv-venom)
	@.venv-venom/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-venom.txt
	@touch $@

.venv-models/.ready: requirements-models.txt scripts/models/public.txt
	$(call environment,.venv-models)
	@.venv-models/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-models.txt
	@.venv-models/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement scripts/models/public.txt
	@touch $@

node_modules/.ready: package.json package-lock.json
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null || \
		{ echo "Node.js is missing or too old: expected node 20 or newer on PATH" >&2; exit 1; }
	@command -v npm >/dev/null || { echo "npm is missing: expected on PATH, with Node.js" >&2; exit 1; }
	@echo "Setting up node_modules: the local chain"
	@npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

clean: ## remove all that was set up and built
	rm -rf .venv .venv-lint .venv-mutants .venv-atheris .venv-venom .venv-symbolic .venv-models .home node_modules build reports *.egg-info
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
