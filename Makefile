# Everything runs in .venv, which the first command makes; `test-oldest` makes .venv-oldest.
PYTHON ?= python3
BIN := .venv/bin
OLDEST_PYTHON ?= python3.11
OLDEST_BIN := .venv-oldest/bin

TYPESCRIPT ?= 7

BUDGET ?= quick
EXPERIMENTS := figure3_transitions figure4_settings figure4_convergence figure2_filters real_time comparison ablations \
    video_networks

.PHONY: demo bench test check docs docs-check release check-page coverage test-interpreted test-generic test-assembly \
	test-arm test-players test-cluster test-oldest paper clean

demo: .venv/installed
	$(BIN)/python experiments/demo.py

bench: .venv/installed
	$(BIN)/python -m npsr bench

test: .venv/installed
	$(BIN)/python -m pytest -n 2

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site, offline, into docs/_build/html. Every warning is an error; every reference must lead somewhere.
docs: .venv/installed
	$(BIN)/python -m sphinx -q -n -W --keep-going -b html docs docs/_build/html

# Two builds from nothing must give the same bytes.
docs-check: .venv/installed
	rm -rf docs/_build docs/gallery docs/tutorials
	$(MAKE) docs
	mv docs/_build/html docs/_build/first
	rm -rf docs/_build/html docs/gallery docs/tutorials
	$(MAKE) docs
	diff -rq --exclude .doctrees docs/_build/first docs/_build/html

# Wheel and sdist into dist/, tried in a fresh environment: docs/releasing.md.
release: .venv/installed
	$(BIN)/python tests/try_release.py

# The types in the comments of the explorer's scripts, by TypeScript, which npm fetches.
check-page:
	npm exec --yes --package typescript@$(TYPESCRIPT) -- tsc -p tests/explorer/jsconfig.json

coverage: .venv/installed
	$(BIN)/python -m pytest --cov --cov-report=term-missing --cov-fail-under=95

test-interpreted: .venv/installed
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n 2

test-generic: .venv/installed
	NUMBA_CPU_NAME=generic $(BIN)/python -m pytest -n 2

# No sum is kept in memory: the inner loops for AVX2, AVX-512 and 64-bit ARM, whatever the processor at hand.
test-assembly: .venv/installed
	$(BIN)/python -m pytest -m assembly

# Every released network, and many random ones, in ffmpeg's libplacebo and in mpv (Debian: ffmpeg mpv xvfb xauth
# mesa-vulkan-drivers). What is not installed is skipped.
test-players: .venv/installed
	$(BIN)/python -m pytest -m players

# Workers of clusters are killed in the middle of a folder, a Zarr and a sweep.
test-cluster: .venv/installed
	$(BIN)/python -m pytest -m cluster

# As on 64-bit ARM, emulated: by default the plain kernels; TESTS=tests for all, which takes hours. Needs root.
TESTS ?= tests/kernels/test_borders.py tests/kernels/test_kernels.py
test-arm:
	tests/arm64.sh $(TESTS)

test-oldest: .venv-oldest/installed
	$(OLDEST_BIN)/python -m pytest -n 2

# BUDGET=quick takes minutes, standard two hours, full a day and more; DATA=FOLDER if the data sets are elsewhere.
paper: .venv/installed
	$(BIN)/python experiments/trainings.py --budget $(BUDGET) $(if $(DATA),--data "$(DATA)")
	for experiment in $(EXPERIMENTS); do \
		$(BIN)/python experiments/$$experiment.py --budget $(BUDGET) $(if $(DATA),--data "$(DATA)") || exit; \
	done
	$(BIN)/python experiments/report.py $(EXPERIMENTS)
	$(BIN)/python experiments/explorer_points.py

.venv/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("npsr needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[demo,test,check,docs]'
	touch $@

# The oldest Python and the lowest versions that pyproject.toml allows; those of packages' own needs are recent.
.venv-oldest/installed: pyproject.toml
	$(OLDEST_PYTHON) -m venv --clear .venv-oldest
	$(OLDEST_BIN)/python -m pip install --quiet uv
	$(OLDEST_BIN)/uv pip install --quiet --python $(OLDEST_BIN)/python --resolution lowest-direct --editable '.[demo,test]'
	touch $@

clean:
	rm -rf .venv .venv-oldest docs/_build docs/gallery docs/tutorials dist
