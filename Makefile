# Needs python3 (3.11, 3.12 or 3.13), make and git; makes the rest itself, inside this folder.
PYTHON ?= python3
UI_PORT ?= 8080
SANDBOX_PORT ?= 0
DOCUMENTS ?= 600
DELIVERIES ?= 100000
SEED ?= 1
# A test waits for its simulator a third of the time: three workers keep two cores busy.
TEST_WORKERS ?= 3

BIN := .venv/bin
UV = $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
READY := .venv/.ready
.DEFAULT_GOAL := help
.PHONY: help demo up down bench bench-delivery bench-matching test faults ui lint types fmt realdata clean distclean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## a business day with simulated platforms, counted twice at the end (DOCUMENTS=600)
	@$(BIN)/airbooks demo --documents $(DOCUMENTS) --sandbox-port $(SANDBOX_PORT)

up: $(READY) ## the same machinery, left running with Airflow's pages (UI_PORT=8080)
	@$(BIN)/airbooks up --ui-port $(UI_PORT) --sandbox-port $(SANDBOX_PORT) --documents $(DOCUMENTS)

down: ## stop what `make up` started
	@if [ -x $(BIN)/airbooks ]; then $(BIN)/airbooks down; else echo "Nothing was up."; fi

test: $(READY) ## all tests
	$(BIN)/python -m pytest -m "not e2e" -n $(TEST_WORKERS) --dist worksteal
	$(BIN)/python -m pytest -m e2e

faults: $(READY) ## everything that can go wrong with a delivery, judged from the books (DELIVERIES=100000 SEED=1)
	$(BIN)/python -m tests.faults --documents $(DELIVERIES) --seed $(SEED)

ui: $(READY) ## the pages in a real browser, with a picture of each (needs Debian's chromium)
	@[ -x /usr/bin/chromium ] || { echo "make ui drives /usr/bin/chromium, which is not here (Debian: apt install chromium)."; exit 1; }
	$(BIN)/python -m pytest tests/e2e/check_pages.py
	@echo "The pictures are in .airbooks/pages."

lint: $(READY) ## style, formatting and the import rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY) ## mypy --strict
	$(BIN)/mypy plugins/airbooks tests

fmt: $(READY) ## format, and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: bench-delivery bench-matching ## all measurements

bench-delivery: $(READY) ## documents per minute of each platform against what its limits allow (PLATFORMS=xero,odoo)
	$(BIN)/python -m tests.bench.delivery --platforms "$(PLATFORMS)"

bench-matching: $(READY) ## seconds and memory of matching 100,000 open items with 10,000 payments, and how both grow
	$(BIN)/python -m tests.bench.matching

realdata: $(READY) ## a year of real sales through the same Dag, to the penny (DATA=online_retail.csv.gz)
	@[ -n "$(DATA)" ] || { echo "Name the file (UCI Online Retail as CSV): make realdata DATA=online_retail.csv.gz"; exit 1; }
	@$(BIN)/airbooks realdata "$(DATA)"

clean: ## forget everything a run wrote: databases, books, logs, caches
	@if [ -x $(BIN)/airbooks ]; then $(BIN)/airbooks clean; fi
	rm -rf .airbooks .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist

distclean: clean ## ... and the environment
	rm -rf .venv .tools

# The environment: exactly requirements.txt, hashes checked, and this package as it stands here. Quick when nothing changed.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "airbooks needs Python 3.11, 3.12 or 3.13 as '$(PYTHON)'. Name another one: make PYTHON=python3.12 ..."; exit 1; }
	@[ -x "$(UV)" ] || $(MAKE) --no-print-directory .tools/bin/uv
	@[ -x $(BIN)/python ] || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline --editable .
	@touch $@

# uv, in its pinned version, for machines that have none.
.tools/bin/uv: requirements.txt
	@rm -rf .tools && $(PYTHON) -m venv .tools || { rm -rf .tools; \
	  echo "'$(PYTHON) -m venv' does not work here; install it (Debian, Ubuntu: apt install python3-venv) or install uv."; exit 1; }
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.txt > .tools/uv.txt
	.tools/bin/pip install --quiet --disable-pip-version-check --require-hashes -r .tools/uv.txt
