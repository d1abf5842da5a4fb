# Everything starts here: `make serve` to use Tellsign, `make test` to change it, `make help` for the rest.
# Both set up their own virtual environment under .venv from the lock files; a later run does no installation work.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
ARGS ?=
# What checks and tests cover; the extra train-encoder is left out for its size.
EXTRAS := $(addprefix --extra ,train notebooks cluster dedupe postgres oidc build dev)

# One BLAS thread: sums come out in one order, so training repeats to the last digit; a server scales by processes.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
# Nothing here reads from a model hub; offline says so at once instead of after retries.
export HF_HUB_OFFLINE := 1

.PHONY: help all serve setup test lint types pytest format train bench notebooks lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

all: setup test ## Set up everything and run every check

serve: $(VENV)/.stamp-serve ## Set up what serving needs and start the server (ARGS="--port 8080")
	@exec $(BIN)/tellsign serve $(ARGS)

setup: $(VENV)/.stamp-dev ## Set up everything: serving, training, checks and tests

test: lint types pytest ## Run every check: ruff, import-linter, mypy, pytest

lint: $(VENV)/.stamp-dev ## Check style, formatting and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.stamp-dev ## Check types with mypy --strict
	$(BIN)/mypy

.NOTPARALLEL:

pytest: $(VENV)/.stamp-dev ## Run the tests alone (ARGS="tests/unit -k negated")
# In the order of the files, in which the slow ones come first: by number of tests they would come last.
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

format: $(VENV)/.stamp-dev ## Format the code and apply safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The default model is measured with those of other languages beside it.
train: $(VENV)/.stamp-dev ## Rebuild the models from the corpus in the repository
	$(BIN)/tellsign train --recipe es --output classifier/models/es $(ARGS)
	$(BIN)/tellsign train --recipe default --output classifier/models/default $(ARGS)

bench: $(VENV)/.stamp-dev ## Measure speed and memory on this machine
	@for script in tests/bench/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

notebooks: $(VENV)/.stamp-dev ## Run every notebook from start to end (ARGS=notebooks/04-errors.ipynb for one)
	$(BIN)/jupyter-execute --kernel_name=python3 $(or $(ARGS),notebooks/*.ipynb)

lock: $(VENV)/.stamp-dev ## Choose new dependency versions and write both lock files
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile pyproject.toml --quiet --upgrade --universal \
	  --python-version 3.11 $(EXTRAS) --generate-hashes --output-file requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile pyproject.toml --quiet --universal \
	  --python-version 3.11 --extra build --constraint requirements.lock --generate-hashes \
	  --output-file requirements-serve.lock

clean: ## Remove the virtual environment, caches and build results
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .cache
	find classifier training service tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is newer than the lock file it was made from, or its recipe runs again.
$(VENV)/.stamp-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Tellsign needs Python 3.11 or newer, and '$(PYTHON)' is" \
	    "$$($(PYTHON) --version 2>/dev/null || echo not there). Name another: make serve PYTHON=python3.12" >&2; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) \
	  || { echo "The virtual environment could not be made; Debian and Ubuntu keep it in the package python3-venv." >&2; exit 1; }
	@touch $@

$(VENV)/.stamp-serve: requirements-serve.lock pyproject.toml | $(VENV)/.stamp-python
	@echo "Installing what serving needs into $(VENV) (once, about a minute) ..."
	@$(PIP) install --require-hashes --requirement requirements-serve.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Holds everything of the serving set in the same versions, so `make serve` has nothing left to install.
$(VENV)/.stamp-dev: requirements.lock pyproject.toml | $(VENV)/.stamp-python
	@echo "Installing everything into $(VENV) (once, a few minutes) ..."
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.stamp-serve
