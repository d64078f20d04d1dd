# Photochrom: everything from a fresh clone. Needs Python 3.11 or newer, git and make; the rest is installed into $(VENV).

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DECLARED = pyproject.toml constraints.txt

.DEFAULT_GOAL = help
.PHONY: help demo test bench clean clean-all

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.use-installed  ## Colorize the photos of examples/ into demo/ and make a side-by-side sheet
	@mkdir -p demo
	@rm -f demo/sheet.jpg
	$(BIN)/photochrom colorize examples/*.jpg -o demo --overwrite
	$(BIN)/photochrom sheet examples demo -o demo/sheet.jpg
	@echo
	@echo "Colored photos:      $(CURDIR)/demo/"
	@echo "Before and after:    $(CURDIR)/demo/sheet.jpg"

test: $(VENV)/.all-installed browser  ## Check style, types and behavior (installs what training and tests need)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/python -m pytest -n 2 --dist loadfile

bench: $(VENV)/.all-installed  ## Measure time and memory for 1, 12 and 100 megapixels
	$(BIN)/python -m benchmarks

# Pages are tested in Chromium; where it is missing and cannot be installed, those tests are skipped and say so.
.PHONY: browser
browser:
	@command -v chromium > /dev/null || { command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ] \
		&& echo "Installing Chromium" && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
		--no-install-recommends chromium > /dev/null; } || echo "Chromium is missing: the tests of pages will be skipped"

clean:  ## Remove results, caches and build files
	rm -rf demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

clean-all: clean  ## Remove the virtual environment, too
	rm -rf $(VENV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Photochrom needs Python 3.11 or newer, but $(PYTHON) is " + sys.version.split()[0] + ": try make PYTHON=python3.12")'
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.use-installed: $(BIN)/python $(DECLARED)
	@echo "Installing Photochrom"
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.all-installed: $(BIN)/python $(DECLARED)
	@echo "Installing Photochrom with what training and tests need"
	@$(INSTALL) --editable '.[train,serve,batch,cluster,video,test]'
	@touch $(VENV)/.use-installed $@
