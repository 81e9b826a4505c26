# Every step that CI and a newcomer take is a target here; `make` alone lists them.
PYTHON ?= python3
BIN    := .venv/bin
STAMP  := .venv/.installed

# What a service and a pilot load is compiled once; everything that lies in .venv would take ten times as long.
LOADED := import pilot.cli, pyarrow.parquet, service.__main__, service.commands, service.loading; \
	from service.memory.solvers import prepare; prepare()

.DEFAULT_GOAL := help
.PHONY: help install pilot test test-services test-browser check format bench bench-gpu clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 16

install: $(STAMP)  ## make .venv with everything

$(STAMP): pyproject.toml constraints.txt
	@echo "installing into .venv (PyTorch and the rest; a minute or two)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -c '$(LOADED)'
	@touch $(STAMP)

pilot: $(STAMP)  ## the main job on a sample dictionary; writes build/pilot/report.*
	@$(BIN)/python -m pilot run sample_dictionaries/enterprise_ja.csv --on-conflict many \
		--questions sample_dictionaries/enterprise_ja_questions.csv --out build/pilot

test: $(STAMP)  ## the tests that need nothing but Python
	@$(BIN)/pytest

test-services: $(STAMP)  ## the tests against a real Postgres (FACTSTORE_TEST_POSTGRES names it)
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
	rm -rf .venv build pilot-report
