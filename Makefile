# make demo and make test do all set-up themselves: Python 3.11, make and git are enough.
# Another interpreter:  make test PYTHON=python3.12
# CPU-only torch where the registry's own is a CUDA build (the address: pytorch.org, choose CPU):
#   make test PIP_ARGS="--extra-index-url ADDRESS"

PYTHON ?= $(shell python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3)
PIP_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Nothing here needs the network once the packages are installed.
export HF_HUB_OFFLINE := 1
export GRADIO_ANALYTICS_ENABLED := False

.DEFAULT_GOAL := help
.PHONY: help install demo chat screenshots test gate baseline test-browser test-wheel lint check bench \
  docs pins

help:
	@echo "make demo          index the sample library and answer six questions"
	@echo "make chat          the chat page, on this machine only"
	@echo "make test          all tests, offline, and make gate"
	@echo "make gate          the built-in questions against the committed baseline"
	@echo "make baseline      REASON=…: what is answered now becomes the baseline"
	@echo "make test-browser  the chat page in a real browser"
	@echo "make test-wheel    the demonstration from the built wheel"
	@echo "make check         ruff, mypy and all tests"
	@echo "make bench         the benchmarks, each printing its command and machine"

# Done again when the dependencies change.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "wenju needs Python 3.11 or newer, $(PYTHON) is not: install it, or run make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); echo "no virtual environment could be made: apt-get install python3-venv, then run make again" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e ".[dev,bench]"
	@touch $(STAMP)

install: $(STAMP)

demo: $(STAMP)
	@$(BIN)/wenju demo

chat: $(STAMP)
	@$(BIN)/wenju chat

# Pictures of the page for the documents, in docs/images.
screenshots: $(STAMP)
	@.ci/chromium && $(BIN)/python benchmarks/screenshots.py

test: $(STAMP)
	$(BIN)/python -m pytest -q -m "not browser"
	@$(MAKE) --no-print-directory gate

# The built-in questions, against what their answers were when somebody last accepted them.
gate baseline: export WENJU_HOME := $(CURDIR)/build/gate
gate: $(STAMP)
	@$(BIN)/wenju demo > /dev/null 2>&1
	$(BIN)/wenju eval gate builtin --index demo --baseline evals/data/baseline.json \
	  --strict verbatim --strict offsets --strict cited --strict failed \
	  --report build/gate.html --report build/gate.xml

# After answers changed for a reason: make baseline REASON="…", then commit it.
baseline: $(STAMP)
	@test -n "$(REASON)" || { echo 'say why: make baseline REASON="…"' >&2; exit 1; }
	@$(BIN)/wenju demo > /dev/null 2>&1
	$(BIN)/wenju eval accept builtin --index demo --baseline evals/data/baseline.json \
	  --reason "$(REASON)"

test-browser: $(STAMP)
	@if .ci/chromium; then $(BIN)/python -m pytest -q -m browser; elif [ "$$CI" = true ]; then exit 1; fi

# What people install, run from a folder that is not the checkout.
test-wheel: $(STAMP)
	@rm -rf build/wheel
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check $(PIP_ARGS) --no-deps -w build/wheel .
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target build/wheel/site build/wheel/*.whl
	cd build/wheel && WENJU_HOME=home PYTHONSAFEPATH=1 PYTHONPATH=site ../../$(BIN)/python -c \
	  'import sys, ui.cli; assert "site" in ui.cli.__file__, ui.cli.__file__; sys.exit(ui.cli.main(["demo"]))' > demo.txt
	@tail -n 4 build/wheel/demo.txt

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test

# DATA=FOLDER brings in the public sets, see benchmarks/README.md.
bench: $(STAMP)
	$(BIN)/python benchmarks/indexing.py $(if $(DATA),--data $(DATA))
	$(BIN)/python benchmarks/quality.py $(if $(DATA),--data $(DATA))
	$(BIN)/python benchmarks/serving.py

# After a change of the command line or the API; tests compare.
docs: $(STAMP)
	WENJU_LANG=zh $(BIN)/python -m ui.helping > docs/cli.md
	WENJU_LANG=en $(BIN)/python -m ui.helping > docs/cli.en.md
	$(BIN)/python -m ui.server.openapi > docs/openapi.json

# After a change of dependencies: what is installed now becomes what everyone gets.
pins: $(STAMP)
	{ grep '^#' constraints.txt; $(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//'; } > constraints.tmp
	mv constraints.tmp constraints.txt
