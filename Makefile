# The commands of this project; `make` alone explains them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARCHITECTURES := perceptron shallow deep lenet5 cnn-simple cnn2 cnn3 \
	conv-pool mnist-mlp mnist-convnet tiny-cnn mnist-cnn fast frontier
TRAIN := $(ARCHITECTURES:%=train-%)
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help install $(TRAIN) compare-conv tensorboard reproduction ladder page calibration test test-oldest test-newest soak lint hooks bench clean

help: ## explain these commands
	@echo "usage: make COMMAND [ARGS='options of mnist-keras or pytest']"
	@sed -nE 's/^([a-z-]+|\$$\(TRAIN\)):.*## (.*)/\1 \2/p' $(MAKEFILE_LIST) \
		| sed 's/^$$(TRAIN)/train-ARCHITECTURE/' \
		| while read -r name text; do printf '  %-20s %s\n' "$$name" "$$text"; done
	@echo "ARCHITECTURE: $(ARCHITECTURES)"

install: $(VENV)/installed ## make .venv and install mnist-keras into it

$(BIN)/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: setup.cfg constraints.txt | $(BIN)/pip
	@echo "installing into $(VENV), which takes a few minutes the first time"
	$(INSTALL) --editable .
	touch $@

$(VENV)/installed-dev: setup.cfg constraints.txt | $(VENV)/installed
	$(INSTALL) --editable '.[dev]'
	touch $@

$(TRAIN): $(VENV)/installed ## train one architecture on MNIST
	$(BIN)/mnist-keras train $(@:train-%=%) $(ARGS)

compare-conv: $(VENV)/installed ## compare two convolutions with three, as the notebook does
	$(BIN)/mnist-keras compare-conv $(ARGS)

tensorboard: $(VENV)/installed ## show the logs in TensorBoard, http://localhost:6006
	$(BIN)/tensorboard --logdir logs $(ARGS)

reproduction: $(VENV)/installed ## put the joint report of logs/ into docs/
	$(BIN)/mnist-keras report compare-conv shallow deep cnn architectures --published --wide
	rm -rf docs/figures
	cp logs/report.md docs/reproduction.md
	cd logs && find figures -name '*.png' -exec sh -c \
		'mkdir -p "../docs/$$(dirname "$$1")" && cp "$$1" "../docs/$$1"' _ {} \;

ladder: $(VENV)/installed-bench ## train what is left of the studies ladder and race, and keep their reports
	$(BIN)/mnist-keras study ladder --seeds 5 $(ARGS)
	$(BIN)/python -m benchmarks.race --seeds 5
	$(BIN)/mnist-keras report race
	$(MAKE) --no-print-directory page STUDIES='ladder race'

page: ## put the reports of STUDIES in logs/ into docs/studies/
	for study in $(STUDIES); do \
		rm -rf docs/studies/$$study && mkdir -p docs/studies/$$study/figures \
		&& cp logs/$$study/report.md docs/studies/$$study/ \
		&& cp logs/$$study/figures/*.png docs/studies/$$study/figures/ || exit; \
	done

calibration: $(VENV)/installed ## measure how often the verdicts are wrong, into docs/
	$(BIN)/python -m calibration $(ARGS)

test: $(VENV)/installed-dev ## run the tests; ARGS goes to pytest
	$(BIN)/pytest --numprocesses 2 --dist loadfile $(ARGS)

# The lowest versions take the place of those in constraints.txt; everything else stays as it is there.
.venv-oldest/installed: setup.cfg constraints.txt constraints-oldest.txt
	$(PYTHON) -m venv .venv-oldest
	grep -vE "^($$(cut -d= -f1 constraints-oldest.txt | grep -v '#' | paste -sd '|'))==" constraints.txt \
		> .venv-oldest/constraints.txt
	.venv-oldest/bin/pip install --quiet --disable-pip-version-check \
		--constraint .venv-oldest/constraints.txt --constraint constraints-oldest.txt --editable '.[test]'
	touch $@

test-oldest: .venv-oldest/installed ## run the tests with the oldest TensorFlow, Keras, NumPy
	.venv-oldest/bin/pytest --numprocesses 2 --dist loadfile $(ARGS)

.venv-newest/installed: setup.cfg
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/pip install --quiet --disable-pip-version-check --upgrade $(PRE) --editable '.[test]'
	touch $@

test-newest: .venv-newest/installed ## run the tests with the newest of all; PRE=--pre takes candidates
	.venv-newest/bin/pytest --numprocesses 2 --dist loadfile $(ARGS)

soak: $(VENV)/installed-dev ## kill and stop studies at random moments, for half an hour
	$(BIN)/pytest tests/soak $(ARGS)

lint: $(VENV)/installed-dev ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy mnist_keras benchmarks calibration

hooks: $(VENV)/installed-dev ## check each commit for style, types and pages
	$(BIN)/pre-commit install

$(VENV)/installed-bench: setup.cfg constraints.txt | $(VENV)/installed
	$(INSTALL) --editable '.[bench]'
	touch $@

bench: $(VENV)/installed-bench ## time it beside Keras, PyTorch and JAX; ARGS=--short takes ten minutes
	$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove .venv and caches; logs and checkpoints stay
	rm -rf $(VENV) .venv-oldest .venv-newest *.egg-info build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find mnist_keras tests benchmarks calibration -name __pycache__ -type d -prune -exec rm -rf {} +
