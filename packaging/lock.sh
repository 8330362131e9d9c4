#!/usr/bin/env bash
# Writes requirements.lock from pyproject.toml: pip's format, hashes of every file of every release chosen,
# markers where Python 3.11 and 3.12 or the platforms differ, and no address of any registry.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=build/lock-tools
if [ ! -x "$tools/bin/uv" ]; then
    "${PYTHON:-python3}" -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check uv
fi
# The certificates of the system, as pip uses them.
[ -n "${SSL_CERT_FILE:-}" ] || [ ! -f /etc/ssl/certs/ca-certificates.crt ] || export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt

new=build/requirements.new
cp requirements.lock "$new" 2>/dev/null || : >"$new"  # keeps the versions that still fit; `make lock UPGRADE=1` does not
"$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --annotation-style line \
    ${UPGRADE:+--upgrade} --extra dev --output-file "$new" pyproject.toml
if grep -nE '://' "$new"; then
    echo "requirements.lock would carry an address (lines above), so it was not written." >&2
    exit 1
fi
{
    echo "# Everything Venom Desktop runs and is tested with, for Python 3.11 and newer. Written by: make lock"
    cat "$new"
} >requirements.lock
rm "$new"
echo "requirements.lock: $(grep -c '==' requirements.lock) releases"
