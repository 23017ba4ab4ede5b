# Two commands for a newcomer: `make demo` and `make test`. Nothing but Python 3.11+ and make has to be there.
.DEFAULT_GOAL := help
.PHONY: tests timed faults clients replays screenshots help setup test-setup demo conformance differences test quick lint types settings-check check test-oldest coverage pin clean docs test-newest

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
QUICK := not slow and not clients and not timed and not replays
CODE := claude_lens callbacks tests benchmarks scripts

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup: ## create .venv and install the Claude CLI; does nothing where that is done
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 or newer is needed" >&2; exit 1; }
	@$(PYTHON) scripts/setup.py

demo: setup ## a short session against a scripted provider: no key, no network
	@PATH="$(CURDIR)/node_modules/.bin:$$PATH" $(BIN)/lensctl demo

test-setup: setup ## what tests drive besides: nginx, Chromium, PostgreSQL, Redis, where they may be installed
	@$(PYTHON) scripts/setup.py debian clients-gate

setup-phoenix: setup ## Arize Phoenix and an old OpenTelemetry, each in an environment of its own, for tests
	@$(PYTHON) scripts/setup.py tracing

clients: setup ## sessions of eight clients, from 2.0.77 on, and limits in three, typed and with -p (a quarter of an hour)
	@$(PYTHON) scripts/setup.py clients ccusage
	$(BIN)/pytest -q -m "" tests/clients

replays: setup ## long sessions of two clients, recorded and played again, three times each (some ten minutes)
	@$(PYTHON) scripts/setup.py clients-gate
	$(BIN)/pytest -q -m replays tests/e2e/test_replays.py

test: test-setup setup-phoenix lint types settings-check docs tests ## the whole gate: style, types, settings table, docs, every test

tests: ## those that start neither proxy nor client two at a time, then the others one after another
	$(BIN)/pytest -q --reruns 1 -n 2 --dist loadfile -m "$(QUICK)"
	$(BIN)/pytest -q --reruns 1 -m "slow and not clients and not timed and not replays"

timed: setup ## how long things may take; for a quiet machine
	$(BIN)/pytest -q -m timed

quick: setup ## the tests that take no proxy and no client
	$(BIN)/pytest -q -m "$(QUICK)"

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

screenshots: test-setup ## pictures of the dashboard in docs/screenshots, from a demo run
	@PATH="$(CURDIR)/node_modules/.bin:$$PATH" $(BIN)/python scripts/screenshots.py

conformance: setup ## every wire case over every way; writes docs/conformance.md
	$(BIN)/python -m tests.conformance.report

differences: setup ## every provider case through LiteLLM alone and through us; writes docs/differences.md (two minutes)
	$(BIN)/python -m tests.providers.differences.report

docs: setup ## the documentation as a site, in site/; a broken link is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

faults: test-setup ## the store away, kills and full disks, for a long time; CLAUDE_LENS_FAULTS_SECONDS for the kills
	CLAUDE_LENS_FAULTS=1 $(BIN)/pytest -q tests/faults

settings-check:
	$(BIN)/python -m claude_lens.settings_docs --check

coverage: test-setup setup-phoenix ## the share of lines and branches that the tests reach, child processes included: at least 90 %
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --reruns 1
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

test-oldest: setup ## the end-to-end smoke tests with the oldest LiteLLM we support
	@$(PYTHON) scripts/setup.py oldest
	.venv-oldest/bin/pytest -q -m smoke --reruns 1 tests/e2e

test-newest: setup ## the same with the newest LiteLLM that we have tested, and the tests of other providers
	@$(PYTHON) scripts/setup.py newest
	.venv-newest/bin/pytest -q -m smoke --reruns 1 tests/e2e
	.venv-newest/bin/pytest -q --reruns 1 tests/providers

check: test test-oldest ## everything CI runs

pin: setup ## resolve the dependencies anew into constraints*.txt
	@$(PYTHON) scripts/setup.py pin

clean: ## remove what set-up and tests made
	rm -rf .venv .venv-oldest .venv-newest .venv-phoenix .cache node_modules .coverage .coverage.* htmlcov .mypy_cache .ruff_cache .pytest_cache
