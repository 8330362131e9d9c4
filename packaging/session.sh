#!/usr/bin/env bash
# Runs a command on a screen of its own: Xvfb, a window manager, a tray and a session bus.
# Everything it started ends with it. The folders of the session are its own, so no real key ring is touched.
set -euo pipefail

session=$(mktemp -d)
started=()
finish() {
    local status=$?
    trap - EXIT INT TERM
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$session"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

export XDG_RUNTIME_DIR="$session/run" XDG_DATA_HOME="$session/data" XDG_CONFIG_HOME="$session/config"
export XDG_CACHE_HOME="$session/cache"
mkdir -m 0700 "$XDG_RUNTIME_DIR" "$XDG_DATA_HOME" "$XDG_CONFIG_HOME" "$XDG_CACHE_HOME"
unset WAYLAND_DISPLAY
export QT_QPA_PLATFORM=xcb LC_ALL=C.UTF-8

# Xvfb picks a free display and says which.
mkfifo "$session/display"
Xvfb -displayfd 3 -screen 0 1600x1000x24 -nolisten tcp -noreset 3>"$session/display" >"$session/xvfb.log" 2>&1 &
started+=($!)
if ! read -r -t 30 number <"$session/display"; then
    cat "$session/xvfb.log" >&2
    echo "Xvfb did not start (above)." >&2
    exit 1
fi
export DISPLAY=":$number"

printf '#!/bin/sh\nexec dbus-daemon "$@" 2>"%s"\n' "$session/bus.log" >"$session/bus"
chmod 0700 "$session/bus"

openbox --sm-disable >"$session/openbox.log" 2>&1 &
started+=($!)
trayer --edge bottom --expand true >"$session/trayer.log" 2>&1 &
started+=($!)

# The bus tells of every service it cannot start, such as a user's systemd; nobody here waits for one.
dbus-run-session --dbus-daemon="$session/bus" -- "$@"
