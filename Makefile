# The three commands a newcomer needs: make run, make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run demo test slow search conformance fuzz check format lock bench clean

run: $(VENV)/.installed
	@exec $(BIN)/csms serve

demo: $(VENV)/.installed
	@exec $(BIN)/csms demo

test: $(VENV)/.installed-dev
	$(BIN)/pytest -n 4 --dist worksteal

# What says the same at more length: every odd request that the API's description allows, more days.
slow: $(VENV)/.installed-dev
	$(BIN)/pytest -m slow -n 3 --dist worksteal

# What the properties claim, with new random examples, ROUNDS times over (20): looks for unknown bugs.
search: $(VENV)/.installed-dev
	for round in $$(seq $(or $(ROUNDS),20)); do \
		HYPOTHESIS_PROFILE=search $(BIN)/pytest -q -m hypothesis -n 3 --dist worksteal || exit 1; \
	done

# The certification cases alone; writes docs/conformance.md.
conformance: $(VENV)/.installed-dev
	PYTHONPATH=tests:. $(BIN)/python -m conformance -q -n 3 --dist worksteal

# 200,000 mutated frames at a running server; FRAMES=10000 for less.
fuzz: $(VENV)/.installed-dev
	PYTHONPATH=tests:. $(BIN)/python -m fuzzing $(or $(FRAMES),200000)

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

# Versions of everything, resolved for every platform; run after changing pyproject.toml.
lock: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --no-emit-index-url --no-emit-find-links --generate-hashes \
		--python-version 3.11 --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --no-emit-index-url --no-emit-find-links --generate-hashes \
		--python-version 3.11 --custom-compile-command "make lock" pyproject.toml --group dev -o requirements-dev.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("csms needs Python 3.11 or newer; name one: make run PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -m compileall -q csms # or each of the tests' processes would, all at the same time
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
