# Every step that CI and a newcomer take is a target here; `make` alone lists them.
# PYTHON=python3.13 takes another interpreter, with an environment of its own: .venv-3.13.
PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV   := .venv$(if $(filter file,$(origin PYTHON)),,-$(VERSION))
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTEST := $(BIN)/pytest -n auto --maxprocesses 4

# What a service and a pilot load is compiled once; everything that lies in .venv would take ten times as long.
LOADED := import pilot.cli, pyarrow.parquet, service.__main__, service.commands, service.app; \
	from service.memory.solvers import prepare; prepare()

.DEFAULT_GOAL := help
.PHONY: help install pilot test fuzz soak test-services test-browser check format bench bench-gpu clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 16

install: $(STAMP)  ## make .venv with everything; PYTHON=python3.13 takes another Python (3.11 to 3.14) and .venv-3.13

$(STAMP): pyproject.toml constraints.txt
	@python=$(BIN)/python; test -x $$python || python='$(PYTHON)'; \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed and $$python is not: name one, as in make PYTHON=python3.13" >&2; exit 1; }
	@echo "installing into $(VENV) (PyTorch and the rest; a minute or two)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -c '$(LOADED)'
	@touch $(STAMP)

pilot: $(STAMP)  ## the main job on a sample dictionary; writes build/pilot/report.*
	@$(BIN)/python -m pilot run sample_dictionaries/enterprise_ja.csv --on-conflict many \
		--questions sample_dictionaries/enterprise_ja_questions.csv --out build/pilot

test: $(STAMP)  ## the tests that need nothing but Python, on up to four cores; ends with the slowest twenty
	@$(PYTEST)

fuzz: $(STAMP)  ## the property tests on fresh examples, forty times as many; minutes to hours
	@$(PYTEST) --hypothesis-profile fuzz --timeout 3600 -m 'hypothesis and not bench and not browser and not services'

soak: $(STAMP)  ## the tests five times: as they are, backwards, under two hash seeds, beside two busy processes
	@$(BIN)/python -m tests.soak

test-services: $(STAMP)  ## the tests against a real Postgres, which they start (FACTSTORE_TEST_POSTGRES names another)
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,postgres]'
	@$(BIN)/pytest -m services

test-browser: $(STAMP)  ## the tests in a real headless Chromium
	@$(BIN)/pytest -m browser

check: $(STAMP)  ## ruff, mypy strict, import contracts, spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell

format: $(STAMP)  ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: $(STAMP)  ## the measurements quoted in the README; minutes
	@$(BIN)/python -m tests.benchmarks

bench-gpu: $(STAMP)  ## the same engine on a CUDA device
	@FACTSTORE_DEVICE=cuda $(BIN)/python -m tests.benchmarks gpu

clean:  ## remove what the other targets made
	rm -rf .venv .venv-* build pilot-report
