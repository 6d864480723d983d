# Tocsin: `make` or `make help` lists what can be done here.

PYTHON      ?= python3
VENV        ?= .venv
CONSTRAINTS ?= constraints.txt

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))

.DEFAULT_GOAL := help
.PHONY: help demo test coverage lint types imports docs bench cluster check clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.stamp-stats ## install, grade the three published cases and the published cohort, write their reports
	@$(BIN)/tocsin demo

test: $(VENV)/.stamp-test ## run every test
	@$(BIN)/python -m pytest -n auto --dist loadfile

coverage: $(VENV)/.stamp-test ## run every test and list the lines that none of them reaches
	@$(BIN)/python -m pytest --cov --cov-report=term

lint: $(VENV)/.stamp-lint ## ruff
	@$(BIN)/ruff check .

types: $(VENV)/.stamp-lint ## mypy, strict
	@$(BIN)/mypy

imports: $(VENV)/.stamp-lint ## the order of the rooms
	@$(BIN)/lint-imports --no-logo

docs: $(VENV)/.stamp-docs ## build the manual into site/, warnings as errors
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "The manual is in site/index.html"

bench: $(VENV)/.stamp-bench ## measure the speeds that the manual states
	@$(BIN)/python benchmarks/run.py

cluster: $(VENV)/.stamp-cluster ## install Spark, whose test is skipped without it

check: lint types imports docs test ## everything that CI runs

clean: ## remove what was built, the virtual environment included
	rm -rf $(VENV) site build dist htmlcov .coverage demo-out bench-out
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests docs benchmarks conformance -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of packages: reinstalled when pyproject.toml or the constraints change.

# pip stands for a virtual environment that was made completely.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Tocsin needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo not found)." >&2; \
	  echo "  Name another one: make $(firstword $(MAKECMDGOALS)) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "The venv module of $(PYTHON) is incomplete (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; }

$(VENV)/.stamp-core: pyproject.toml $(CONSTRAINTS) | $(BIN)/pip
	@echo "Installing Tocsin into $(VENV) ..."
	@$(PIP) --editable .
	@touch $@

$(VENV)/.stamp-%: $(VENV)/.stamp-core
	@echo "Installing what 'make $(firstword $(MAKECMDGOALS))' needs ..."
	@$(PIP) --editable '.[$*]'
	@touch $@
