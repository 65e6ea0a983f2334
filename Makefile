# One command a task; git hooks and .ci/run call the same. Needs Python 3.11 or later and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint types check score bench format clean

demo: $(STAMP)
	@$(BIN)/python tests/demo.py

test: $(STAMP)
	$(BIN)/python -m pytest -n auto

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(STAMP)
	$(BIN)/mypy

check: $(STAMP)
	$(BIN)/interlock check .

# Every case of tests/cases, as a careful reviewer judged it.
score: $(STAMP)
	$(BIN)/python tests/score_floor.py

# make bench CHECKOUT=path/to/a/large/repository
bench: $(STAMP)
	$(BIN)/python benchmarks/compare.py $(CHECKOUT)

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) .venv-lowest build dist

# pip before 25.1 knows no --group, and a new environment comes with the pip of its Python.
$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[deploy]' --group dev
	@touch $@
