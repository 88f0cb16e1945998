PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
export NO_MKDOCS_2_WARNING := 1
# The pages multiply small matrices; with one thread their digits do not depend on the number of cores.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1

.PHONY: help setup serve build check test plants record bench weigh lock format clean

help:  ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

setup: .venv/assets  ## install the tools, KaTeX and the typefaces into this folder

serve: setup  ## build the book and serve it; an edited page shows within seconds (PORT=8000)
	$(BIN)/python -m mkdocs serve --dev-addr 127.0.0.1:$(PORT)

build: setup  ## build the book into site/
	$(BIN)/python -m mkdocs build
	$(BIN)/python -m backproplab.book.slim site

check: setup  ## what to run while working: all but building the site and opening it in a browser
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "not builds"

test: setup  ## lint, check the types, run every test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

plants: setup  ## plant mistakes in every equation and in the pages, and say which nobody notices
	$(BIN)/python -m tests.plants
	$(BIN)/python -m tests.page_plants 300

record: setup  ## write down anew what the pages print, and show what has changed
	$(BIN)/python -m tests.record

bench: .venv/bench  ## measure training against other libraries
	$(BIN)/python benchmarks/mlp.py
	$(BIN)/python benchmarks/cnn.py
	$(BIN)/python benchmarks/optimizers.py
	$(BIN)/python benchmarks/autograd.py

weigh: build  ## measure how soon each page can be read on a slow phone (needs a Chromium)
	PYTHONPATH=. $(BIN)/python benchmarks/pages.py site

MNIST ?= ../shared/mnist
experiments: setup  ## make the recorded experiments again from MNIST's files, in about an hour (MNIST=folder)
	$(BIN)/python experiments/program_two.py --mnist $(MNIST)
	$(BIN)/python experiments/reading_digits.py --mnist $(MNIST)
	$(BIN)/python experiments/preprocessing.py --mnist $(MNIST)
	$(BIN)/python experiments/first_loss.py --mnist $(MNIST)
	if $(BIN)/python -c "import torch"; then $(BIN)/python experiments/beside_pytorch.py --mnist $(MNIST); fi
	if $(BIN)/python -c "import torch"; then $(BIN)/python experiments/several_processes.py; fi

lock:  ## choose the versions of all Python packages anew, with the hashes for every platform
	$(PYTHON) -m venv .cache/lock
	.cache/lock/bin/python -m pip install --quiet uv
	.cache/lock/bin/uv pip compile pyproject.toml --quiet --extra test --upgrade --universal --fork-strategy fewest \
	  --python-version 3.11.2 --generate-hashes --no-annotate --custom-compile-command "make lock" \
	  --output-file requirements.txt

format: setup  ## lay out the code and mend what can be mended by rule
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## remove everything that was made
	rm -rf .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .venv docs/assets/vendor node_modules site

.venv/tools: pyproject.toml requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/assets: .venv/tools package-lock.json backproplab/book/assets.py backproplab/data/mnist-cnn.npz $(wildcard backproplab/widgets/*.js backproplab/widgets/*.css)
	$(BIN)/npm ci --ignore-scripts
	$(BIN)/python -m backproplab.book.assets
	@touch $@

.venv/bench: .venv/tools
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[bench]"
	@touch $@
