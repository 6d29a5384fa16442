# Everything is self-sufficient: a fresh machine needs Python >= 3.11 and make. stdout carries data only.
MAKEFLAGS += --no-print-directory
VENV ?= .venv
BIN := $(VENV)/bin
# The first Python that is new enough; give PYTHON=… to choose.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
COUNT ?= 100

.PHONY: install run test check bench bench-check servers browser clusters lock clean help
install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(sys.version_info < (3, 11) and "tdscaling needs Python 3.11 or newer, this is " + v)'
	@echo "installing into $(VENV) with $$($(PYTHON) --version)" >&2
	@$(PYTHON) -m venv $(VENV) >&2
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements.lock >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . >&2
	@touch $@

# One hundred trajectories as JSON lines on stdout.
run: install
	@$(BIN)/tdscaling run --count $(COUNT)

test: check
	$(BIN)/python -m pytest --numprocesses auto

# Style, types on two checkers, import directions.
check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright --level error --pythonpath $(BIN)/python
	$(BIN)/lint-imports

# What the benchmarks start, and what wants arguments.
BENCH_PARTS := $(addprefix bench/,endpoint.py floors.py whole.py flame.py check.py)
bench: install
	@set -e; for file in $(filter-out $(BENCH_PARTS),$(wildcard bench/*.py)); do echo "== $$file" >&2; $(BIN)/python $$file; done

# The quick benchmarks against the committed ratios: exit code 1 when something became slower.
bench-check: install
	@$(BIN)/python bench/check.py

# The external MCP servers of examples/mcp and the outside endpoints of examples/endpoints; needs node with npm, and git.
servers:
	@PYTHON="$(PYTHON)" bash examples/mcp/install.sh
	@PYTHON="$(PYTHON)" bash examples/endpoints/install.sh
	@PYTHON="$(PYTHON)" bash examples/loaders/install.sh >&2

# What the tests of pages look with: headless Chromium, Playwright, axe; needs npm, and root where there is no browser.
browser:
	@PYTHON="$(PYTHON)" bash examples/browser/install.sh >&2

# Clusters from the public catalogues, in build/clusters.jsonl; needs node with npm.
clusters: install
	@PYTHON="$(PYTHON)" bash examples/catalogs/install.sh
	@$(BIN)/tdscaling clusters build --catalog openapi:build/catalogs/openapi --catalog aws:build/catalogs/aws \
		--catalog google:build/catalogs/google --out build/clusters.jsonl --report build/clusters.json --overwrite
	@$(BIN)/tdscaling clusters stats build/clusters.jsonl >&2

# One lock for every Python and platform; hashes, and no download address.
lock:
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet -o requirements.lock

# What was made here, but no run and no external server.
clean:
	rm -rf .venv* build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.servers/*' -prune -exec rm -rf {} +

help:
	@echo "install  .venv with the pinned dependencies      bench    the benchmarks"
	@echo "run      COUNT=100 trajectories on stdout        servers  the external MCP servers of examples/mcp"
	@echo "test     check, then the tests                   lock     requirements.lock from pyproject.toml"
	@echo "check    style, types, import directions         clean    remove what was made here, keep runs/"
	@echo "clusters build/clusters.jsonl from the public API catalogues"
	@echo "bench-check  the quick benchmarks against bench/expected.json"
	@echo "PYTHON=python3.13 VENV=.venv313 choose another interpreter and place"
