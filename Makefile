# The two commands are `make run` and `make test`. Both bring what they need.
.DEFAULT_GOAL := run
MADE := .venv/made-from-lock

# Three files of tests at a time: they wait more than they compute. Each worker has a screen and a session of its own.
WORKERS := --dist loadfile --tx "3*popen//python=packaging/session.sh .venv/bin/python"

.PHONY: run test setup lint bench soak lock notices clean

run: $(MADE)
	@packaging/run.sh $(ARGUMENTS)

test: $(MADE)
	@packaging/system.sh test
	@$(MAKE) --no-print-directory lint
	@.venv/bin/python -m pytest $(WORKERS) $(PYTEST)

# The same suite with its full counts; a test may take an hour there before it counts as hung.
soak: export VENOM_SOAK := 1
soak: PYTEST += -o faulthandler_timeout=3600
soak: test

setup: $(MADE)

lint: $(MADE)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache --no-logo

bench: $(MADE)
	@packaging/system.sh test
	@packaging/session.sh .venv/bin/python -m bench

# UPGRADE=1 moves every release to its newest.
lock:
	@packaging/lock.sh

# From what is installed here: run it after `make lock`.
notices: $(MADE)
	@.venv/bin/python packaging/notices.py

clean:
	rm -rf .venv build dist test-output .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info

$(MADE): requirements.lock pyproject.toml packaging/bootstrap.sh
	@packaging/bootstrap.sh
