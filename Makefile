# One command each. Every target sets up what it needs: a virtual environment in .venv, with pinned packages.
#
#   make demo    run the main job on scikit-learn's digits for 60 seconds and write runs/demo
#   make test    run the tests and the examples in docstrings, warnings as errors
#   make check   format, lint, strict types, import contracts, size limits, docstrings
#   make soak    kill studies 650 times and hold what they find against studies that were never killed
#   make bench   measure steepest beside other tuners on this machine
#   make bench-engine   does the engine reach what it must, and how near is it to the machine's limit
#   make evidence      how often verdicts err: simulated, and with real trainings
#   make bench-gpu      the same on a graphics card, where there is one

PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
READY := .venv/.ready

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check format soak bench bench-engine bench-gpu evidence clean

demo: $(READY)
	rm -rf runs/demo
	$(BIN)/steepest tune digits --budget 60s --out runs/demo

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check --no-cache .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python checks/limits.py
	$(BIN)/python checks/docstrings.py

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

soak: $(READY)
	STEEPEST_KILLS=520 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) tests/experiment/test_kills.py

bench: $(READY)
	$(BIN)/python benchmarks/peers.py

bench-engine: $(READY)
	$(BIN)/python benchmarks/engine.py

evidence: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/evidence.py --trainings

bench-gpu: $(READY)
	$(BIN)/python benchmarks/engine.py --gpu

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "steepest needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) -V 2>&1). Run: make PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the packages of constraints.txt into .venv (a few minutes the first time) …"
	@$(BIN)/python -m pip install -qq -c constraints.txt -e '.[dev]'
	@touch $@
