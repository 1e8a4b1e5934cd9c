# Longtake. `make demo` shows it, `make test` proves it, `make` lists the rest.
# The locks say which packages, to the byte; pip's own configuration says from where.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
# The first Python of at least 3.11; `make PYTHON=/path/to/python` chooses another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# Two test processes suit two cores; `make test JOBS=0` runs them in one. A file's tests
# stay in one process, since they share the clips that it makes. The files go in their own
# order: the long ones (contract, faults) first, the many short ones (unit) last.
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo serve test quick check bench blind lock clean tools
.DELETE_ON_ERROR:

help:
	@echo 'make setup   a .venv with what Longtake needs at run time'
	@echo 'make demo    draw a clip, make it longer, say where to look (CLIP=my.mp4 for yours)'
	@echo 'make serve   the server, with its data in ./data (PORT=8420)'
	@echo 'make test    format, lint, types, import contracts and all tests; a hundred kills too'
	@echo 'make quick   the same without the slow and the browser tests'
	@echo 'make bench   measure again and rewrite benchmarks/results'
	@echo 'make blind   pairs of what really happened and ours, to be told apart by eye'
	@echo 'make lock    resolve the locks anew'
	@echo 'make clean   remove everything that was built here'

# ── set-up: again only where a lock or our own metadata has changed ──

setup: $(VENV)/run.stamp
	@echo 'Ready: $(BIN)/longtake --help'

# Debian's Python without python3-venv makes no pip, but a pip beside it can help out.
$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'Longtake needs Python 3.11 or newer and finds none: apt install python3 python3-venv, or make PYTHON=/path/to/python' >&2; exit 1; }
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then $(PYTHON) -m venv --without-pip $(VENV); \
	else echo '$(PYTHON) cannot set up a virtual environment: apt install python3-venv' >&2; exit 1; fi
	@$@ -c 'import pip' 2>/dev/null || $(PYTHON) -m pip --python $@ install -qq --require-hashes -r requirements-build.lock

$(VENV)/run.stamp: requirements.lock requirements-build.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-build.lock -r requirements.lock
	$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/test.stamp: requirements-test.lock $(VENV)/run.stamp
	$(PIP) install --require-hashes -r requirements-test.lock
	@touch $@

# Tests compare with an ffmpeg that is not ours, play results in a real browser, talk to the
# server as a shell user does, run the samples of the documents (Node 18 is enough for them),
# and compile a clock for the server that they can set.
tools:
	@for tool in ffmpeg chromium curl jq node gcc; do \
		command -v $$tool >/dev/null && continue; \
		case $$tool in node) packages=nodejs;; gcc) packages='gcc libc6-dev';; *) packages=$$tool;; esac; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$packages || exit 1; \
		else echo "$$tool is missing, and the tests that need it will be skipped: apt install $$packages"; fi; \
	done

# ── what it is for ──

demo: $(VENV)/run.stamp
	@mkdir -p demo
	@if [ -n '$(CLIP)' ]; then cp '$(CLIP)' demo/; else $(BIN)/longtake sample demo/sample.mp4 --force; fi
	$(BIN)/longtake extend "demo/$$(basename '$(or $(CLIP),sample.mp4)')" \
		--report demo/report.json --filmstrip demo/filmstrip.png --force

PORT ?= 8420
serve: $(VENV)/run.stamp
	$(BIN)/longtake serve --data data --port $(PORT)

check: $(VENV)/test.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: tools check
	$(PYTEST)

quick: check
	$(PYTEST) -m 'not slow and not browser and not gpu'

bench: tools $(VENV)/test.stamp
	$(BIN)/python -m benchmarks

blind: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks.quality.blind make

# ── keeping it ──

# Names, versions and the hashes of every platform's files; no index and no path.
LOCK := .venv-lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: | $(BIN)/python
	$(BIN)/python -m venv --without-pip .venv-lock
	$(BIN)/python -m pip --python .venv-lock/bin/python install -qq uv
	printf 'hatchling\npip\n' | $(LOCK) - -o requirements-build.lock
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --extra test -c requirements.lock -c requirements-build.lock -o requirements-test.lock

clean:
	rm -rf $(VENV) .venv-* build dist demo blind .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
