# Everyday commands; CONTRIBUTING.md says what each is for. Only `lock` needs more than Python.
PYTHON ?= python3
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links pyproject.toml \
	--extra local --group model --group build

.PHONY: help dev fast test snapshots docs bench lock wheel clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1 /p' $(MAKEFILE_LIST) | awk '{n=$$1; $$1=""; printf "  make %-10s%s\n", n, $$0}'

dev:  ## .venv with the locked dependencies
	$(PYTHON) bootstrap.py sync --dev

fast: dev  ## lint, types, layers, fast tests: under a minute
	$(BIN)/python check.py --fast

test: dev  ## everything, as CI runs it
	$(BIN)/python check.py

snapshots: dev  ## accept changed screen snapshots (look at them first)
	$(BIN)/python -m pytest tests/ui -q -n 2 --snapshot-update

docs: dev  ## screens.md from the app
	$(BIN)/python -m tools.screens

bench: dev  ## the list of benchmarks
	$(BIN)/python -m benchmarks

lock: dev  ## pinned and hashed files in locks/; what is pinned stays, UPGRADE=--upgrade renews
	$(LOCK) --output-file locks/runtime.txt
	$(LOCK) --group dev --constraint locks/runtime.txt --output-file locks/dev.txt

wheel: dev  ## the wheel and the sdist, in dist/
	$(BIN)/python -m hatchling build

clean:  ## what builds and checks leave behind; keeps .venv
	rm -rf dist build htmlcov .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
