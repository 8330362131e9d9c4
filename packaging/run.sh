#!/usr/bin/env bash
# Opens the window from the checkout; says what to do where there is no display to open it on.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(uname -s)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    echo "There is no display here (DISPLAY and WAYLAND_DISPLAY are not set): start it from a desktop session," \
        "or use it without a window: .venv/bin/venom-desktop serve" >&2
    exit 1
fi
packaging/system.sh run
# Not the script beside it, which names the folder that the checkout was in when .venv was made.
exec .venv/bin/python -m venom_desktop "$@"
