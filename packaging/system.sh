#!/usr/bin/env bash
# Brings the system packages of `make run` (argument: run) or `make test` (argument: test).
# Installs what is missing with apt-get where it may, else prints the exact line and fails.
# Written for Debian 12 (run there) and Ubuntu 24.04 (not run there).
set -euo pipefail

purpose=${1:?run or test}

# Package, and the file by which the loader shows that it is there.
run_needs=(
    "libegl1 libEGL.so.1" "libgl1 libGL.so.1"
    "libxkbcommon0 libxkbcommon.so.0" "libxkbcommon-x11-0 libxkbcommon-x11.so.0"
    "libxcb-cursor0 libxcb-cursor.so.0" "libxcb-icccm4 libxcb-icccm.so.4" "libxcb-image0 libxcb-image.so.0"
    "libxcb-keysyms1 libxcb-keysyms.so.1" "libxcb-randr0 libxcb-randr.so.0"
    "libxcb-render-util0 libxcb-render-util.so.0" "libxcb-shape0 libxcb-shape.so.0"
    "libxcb-xinerama0 libxcb-xinerama.so.0" "libxcb-xkb1 libxcb-xkb.so.1"
    "libx11-xcb1 libX11-xcb.so.1" "libxcb-glx0 libxcb-glx.so.0" "libxcb-sync1 libxcb-sync.so.1"
    "libxcb-xfixes0 libxcb-xfixes.so.0" "libglib2.0-0 libgthread-2.0.so.0"
    "libdbus-1-3 libdbus-1.so.3" "libfontconfig1 libfontconfig.so.1" "libfreetype6 libfreetype.so.6"
)
# Package, and its program.
test_needs=(
    "xvfb Xvfb" "openbox openbox" "trayer trayer" "xdotool xdotool" "imagemagick import"
    "dbus-daemon dbus-run-session" "gnome-keyring gnome-keyring-daemon"
)

missing=()
# The list is kept in a variable: grep -q in a pipe would end ldconfig early, which pipefail takes for a failure.
known=$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null || true)
for need in "${run_needs[@]}"; do
    read -r package library <<<"$need"
    grep -qF "$library" <<<"$known" || missing+=("$package")
done
if [ "$purpose" = test ]; then
    for need in "${test_needs[@]}"; do
        read -r package program <<<"$need"
        command -v "$program" >/dev/null || missing+=("$package")
    done
fi
# Any font that fontconfig finds will do; without one every letter is a box.
if ! find /usr/share/fonts /usr/local/share/fonts "${HOME:-/root}/.fonts" "${HOME:-/root}/.local/share/fonts" \
    -name '*.[to]tf' -print -quit 2>/dev/null | grep -q .; then
    missing+=(fonts-dejavu-core)
fi

[ ${#missing[@]} -eq 0 ] && exit 0

line="apt-get install --yes --no-install-recommends ${missing[*]}"
if ! command -v apt-get >/dev/null; then
    echo "Missing on this system (Debian's names): ${missing[*]}. Install them with your package manager, then repeat." >&2
    exit 1
elif [ "$(id -u)" -eq 0 ]; then
    as_root=(env)
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n env)
else
    echo "Some system packages are missing. Run this, then repeat: sudo $line" >&2
    exit 1
fi

echo "Installing missing system packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" DEBIAN_FRONTEND=noninteractive $line; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "The system's package manager failed (above). Mend it and run: $line" >&2
    exit 1
fi
