# What one can do here; a bare `make` lists it. Python 3.9 or newer and make are enough: everything else
# goes into a virtual environment of this tree, and nothing is written outside of it.

PYTHON ?= python3
VENV   ?= .venv

BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --quiet --disable-pip-version-check
PAPERS  := pyproject.toml setup.py hcpsdk/_version.py
VERSION  = $$($(BIN)/python -c 'import hcpsdk; print(hcpsdk.version())')

# The names that the demo's certificate is good for: the mock's namespaces, its management port, one of its nodes.
DEMO       := build/demo
DEMO_NAMES := n1.m.hcp1.example.com '*.m.hcp1.example.com' '*.hcp1.example.com'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all soak check lint types docs dist bench clean

help:
	@echo 'make demo      store, look at, read and delete an object on a mock HCP'
	@echo 'make test      run all tests'
	@echo 'make test-all  run them on every Python from 3.9 to 3.13 that is here'
	@echo 'make soak      store and read for a minute on a mock HCP that fails in every way, and count what is left'
	@echo 'make check     lint, types, documentation, and both distributions installed afresh'
	@echo 'make docs      build the documentation into docs/_build/html'
	@echo 'make bench     measure what hcpsdk costs beside other clients, into docs/_generated; needs nginx'
	@echo 'make clean     remove everything that make has made'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 9) and "hcpsdk needs Python 3.9 or newer, set PYTHON=")'
	@echo 'making a virtual environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV)

# One stamp per extra of pyproject.toml: the package from this tree, and what that work needs.
$(VENV)/.with-%: $(PAPERS) | $(BIN)/python
	@echo 'installing what "$*" needs'
	@$(PIP) install --editable '.[$*]'
	@touch $@

demo: $(VENV)/.with-demo
	@mkdir -p $(DEMO)
	@$(BIN)/python -m trustme --quiet --dir $(DEMO) --identities $(DEMO_NAMES)
	@$(BIN)/python -m hcpsdk.mock --cert $(DEMO)/server.pem --key $(DEMO)/server.key --ca $(DEMO)/client.pem \
	    -- $(BIN)/python samples/simple_primary_only.py
	@echo "demo: an object was stored, looked at, read and deleted on a mock HCP, over verified TLS, by hcpsdk $(VERSION)"

# The test runner's own last line says what was achieved.
test: $(VENV)/.with-test
	@$(BIN)/python -m pytest --cov --cov-report=term

test-all: $(VENV)/.with-dev
	@$(BIN)/python -m nox --reuse-existing-virtualenvs
	@echo "test-all: hcpsdk $(VERSION) passes its tests on every Python that was found"

# HCPSDK_SOAK_SECONDS and HCPSDK_SOAK_SEED say how long, and which choices to make again.
soak: $(VENV)/.with-test
	@$(BIN)/python -m pytest -m soak -rP --tb=short --show-capture=stdout tests/hcp

check: lint types docs dist
	@echo "check: hcpsdk $(VERSION) is in order: lint, types, documentation, wheel and sdist"

lint: $(VENV)/.with-check
	@$(BIN)/python -m ruff check --quiet
	@echo 'lint: nothing to complain of'

types: $(VENV)/.with-check
	@$(BIN)/python -m mypy --no-error-summary
	@echo 'types: the package is strictly typed'

docs: $(VENV)/.with-docs
	@$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet docs docs/_build/html
	@echo 'docs: open docs/_build/html/index.html'

# Each distribution goes into an empty environment of its own, and is imported from a directory that is not this tree.
dist: $(VENV)/.with-check
	@rm -rf build/dist build/env-* && mkdir -p build
	@$(BIN)/python -m build --outdir build/dist . >build/dist.log 2>&1 || { cat build/dist.log; exit 1; }
	@for kind in whl tar.gz; do \
	    $(PYTHON) -m venv build/env-$$kind && \
	    build/env-$$kind/bin/python -m pip --quiet --disable-pip-version-check install build/dist/*.$$kind && \
	    said=$$(cd build && env-$$kind/bin/python -c 'import hcpsdk, hcpsdk.mock; print(hcpsdk.version())') && \
	    test "$$said" = "$(VERSION)" || exit 1; \
	    echo "dist: $$(basename build/dist/*.$$kind) installs, and says it is $$said"; \
	done
	@test "$$($(BIN)/python setup.py --version)" = "$(VERSION)"
	@echo 'dist: setup.py says the same'

# A whole run takes some minutes; `$(BIN)/python benchmarks/run.py --help` says how to run a part of it.
bench: $(VENV)/.with-bench
	@$(BIN)/python benchmarks/run.py
	@echo 'bench: the figures are in docs/_generated/benchmarks.txt, and as tables in benchmarks.rst beside it'

clean:
	@rm -rf build docs/_build $(VENV) .nox .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@echo 'clean: nothing is left but the sources'
