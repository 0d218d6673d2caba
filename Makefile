# make up     install into .venv and serve examples/local
# make test   install the development tools and run every check and test
# make bench  measure, see benchmarks/README.md
# make requirements  pin the dependencies anew after pyproject.toml changed

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: up test bench requirements

# make up ARGS="--listen 127.0.0.1:8081" passes options on.
up: .venv/local.installed
	@exec $(BIN)/moorage up examples/local $(ARGS)

test: .venv/dev.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

bench: .venv/dev.installed
	$(BIN)/python -m benchmarks

# Only pinned files with the right hashes are installed; then the project itself, with nothing else.
# The pins are complete, so nothing is left to resolve; what is imported gets compiled then.
.venv/%.installed: requirements/%.txt pyproject.toml | .venv/bin/python
	@echo "installing requirements/$*.txt into .venv"
	@$(INSTALL) --no-deps --no-compile --require-hashes --requirement $<
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Moorage needs Python 3.11 or newer; name one: make PYTHON=python3.13 $(MAKECMDGOALS)")'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "no venv could be made; on Debian: apt-get install python3-venv"; exit 1; }

requirements:
	@$(PYTHON) -m venv .venv-pinning
	@.venv-pinning/bin/pip install --quiet --disable-pip-version-check uv
	@$(MAKE) --no-print-directory pin-local pin-dev
	@$(MAKE) --no-print-directory pin-gateway pin-operator
	@rm -r .venv-pinning

# One set of pins for Python 3.11 and later; no registry is named, whoever installs chooses theirs.
PIN := .venv-pinning/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: pin-local pin-dev
pin-local pin-dev: pin-%:
	@$(PIN) --extra $(if $(filter local,$*),examples,$*) --output-file requirements/$*.txt \
	  pyproject.toml requirements/build.in

# Images hold the versions that the tests ran with.
.PHONY: pin-gateway pin-operator
pin-gateway pin-operator: pin-%:
	@$(PIN) --extra $* --constraint requirements/dev.txt --output-file requirements/$*.txt pyproject.toml
