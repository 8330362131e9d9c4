#!/usr/bin/env bash
# Makes .venv from requirements.lock with the first Python 3.11 or newer found here that has venv.
set -euo pipefail
cd "$(dirname "$0")/.."

works() { "$1" -c 'import sys, venv, ensurepip; raise SystemExit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

python=
for candidate in ${PYTHON:-} python3.12 python3.11 python3.13 python3 python; do
    if command -v "$candidate" >/dev/null && works "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Python 3.11 or newer with venv is needed: on Debian 12 or Ubuntu 24.04, apt-get install python3 python3-venv" >&2
    exit 1
fi

want=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
have=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
if [ "$want" != "$have" ]; then
    rm -rf .venv
    echo "Making .venv with Python $want"
    "$python" -m venv .venv
fi
echo "Installing what requirements.lock names"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
.venv/bin/python -m pip install --quiet --require-hashes --requirement requirements.lock
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
touch .venv/made-from-lock
