# Every target sets itself up: a fresh machine needs only Python >= 3.11, make and git.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help demo test test-all test-asterisk test-install check bench sweep soak weights docs deb lock clean
help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## the main job on simulators: a short morning of calls, ends by itself
	$(BIN)/textback-pbx demo

test: $(STAMP) ## everything that needs no root
	$(BIN)/python -m pytest

check: $(STAMP) ## ruff, mypy, architecture and documentation tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

test-all: ## the tests on every Python 3.11-3.13 found
	@for version in 3.11 3.12 3.13; do \
	  if command -v python$$version >/dev/null 2>&1; then \
	    $(MAKE) test PYTHON=python$$version VENV=.venv-$$version || exit 1; \
	  else echo "python$$version is not here: skipped"; fi; done

test-asterisk: $(STAMP) ## real calls through a real Asterisk (needs root and debootstrap)
	$(BIN)/python -m pytest -q tests/asterisk --override-ini addopts="-ra --import-mode=importlib"

sweep: $(STAMP) ## every fault at every step of a text in parts, all pairs (minutes)
	TEXTBACK_PBX_SWEEP=all $(BIN)/python -m pytest -q -s tests/sweep/test_driver_sweep.py

soak: $(STAMP) ## a simulated month, 20,000 texts each way, random faults; SOAK="--seed 2 --texts 2000 --days 3" for another
	$(BIN)/python -m tests.soak $(SOAK)

test-install: $(STAMP) ## the package in clean Debian 12 and 13 roots (needs root and debootstrap)
	$(BIN)/python -m pytest -q tests/install --override-ini addopts="-ra --import-mode=importlib"

bench: $(STAMP) ## figures, as medians and ratios
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --target $(VENV)/bench -r requirements/bench.txt
	PYTHONPATH=$(VENV)/bench $(BIN)/python -m tests.bench

weights: $(STAMP) ## learn the points by which texts are weighed, from the corpora (after a change to those)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --upgrade --target $(VENV)/weights -r requirements/weights.txt
	PYTHONPATH=$(VENV)/weights $(BIN)/python -m tests.weighing $(WEIGHTS)

docs: $(STAMP) ## fill the tables, check links and commands, write dist/docs for a browser
	$(BIN)/python -m tests.docs --write
	$(BIN)/python -m pytest -q tests/architecture/test_docs.py
	$(BIN)/python -m tests.docs_site

deb: $(STAMP) ## the Debian package, into dist/ (ARCH=arm64 for a Raspberry Pi)
	$(BIN)/python hardware/debian/build.py $(if $(ARCH),--arch $(ARCH))

lock: ## pin and hash the development dependencies
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install -q uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --group dev --extra notify --extra cdr pyproject.toml requirements/build.in -o requirements/dev.txt
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --group bench -o requirements/bench.txt
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --group weights -o requirements/weights.txt
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra notify --extra cdr pyproject.toml -o requirements/runtime.txt

clean: ## remove what the targets made
	rm -rf .venv .venv-* .pytest_cache .mypy_cache .ruff_cache .hypothesis
