# Two commands on a machine with only Python 3.11, its venv and pip:
#   make demo    train, capture, validate, ask, merge, mirror, publish
#   make test    run the tests
PYTHON ?= python3
SHELL = /bin/bash
.SHELLFLAGS = -o pipefail -ec
BIN = .venv/bin
GENERATED = docs/cli.md docs/json.md bench/README.md capture/kprov_capture/terms.py

.DEFAULT_GOAL := help
.PHONY: help demo test check generate lock bench

help:  ## Show the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# Third-party packages come hash-checked from requirements.txt; the project itself
# is a folder, which pip cannot hash, so it is installed in a second step.
.venv/installed: requirements.txt pyproject.toml
	@echo "Setting up .venv: about 90 packages with TensorFlow for CPU, 2 GB, one to three minutes."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --progress-bar on --require-hashes -r requirements.txt \
	  | { grep --line-buffered -E '^(Collecting|Installing|Successfully)' || true; } | cut -c1-100
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	touch $@

demo: .venv/installed  ## The whole way, from training to published data
	$(BIN)/kprov demo

test: .venv/installed  ## Run the tests
	$(BIN)/python -m pytest

check: .venv/installed  ## Format, lint, types, import layers, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PYTHONPATH=. $(BIN)/cog --check --check-fail-msg="Run 'make generate'." $(GENERATED)
	$(BIN)/python -m tools.context --check

generate: .venv/installed  ## Write the generated parts of docs and code anew
	$(BIN)/python -m tools.context
	PYTHONPATH=. $(BIN)/cog -r $(GENERATED)

bench: .venv/installed  ## Measure, and print each value beside its limit
	$(BIN)/python bench/capture.py
	$(BIN)/python bench/store.py
	$(BIN)/python bench/cli.py
	$(BIN)/python bench/merge.py
	$(BIN)/python bench/mirror.py
	$(BIN)/python bench/server.py

lock:  ## Refresh requirements.txt (needs uv; the only command that does)
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" --output-file requirements.txt
