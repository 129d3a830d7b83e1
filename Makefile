# The course's commands. Each makes the environment .venv when it is missing or older than its list of packages.
PYTHON ?= python3
ifeq ($(OS),Windows_NT)
    BIN := .venv/Scripts
else
    BIN := .venv/bin
endif
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: lab test test-seeds bench notebooks lint clean

.venv/course: pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; assert (3, 10) <= sys.version_info < (3, 14), 'The course needs Python 3.10 to 3.13; this is ' + sys.version.split()[0] + '. Choose another: make PYTHON=python3.12 …'"
	$(PYTHON) -m venv .venv
	$(INSTALL) -e .
	touch $@

.venv/course-test: .venv/course
	$(INSTALL) -e ".[test]"
	touch $@
