"""Tells whether the desktop composes windows, without which a translucent corner is painted black."""

import ctypes
import sys
from functools import lru_cache


@lru_cache(maxsize=8)
def composes(platform: str) -> bool:
    """True where a rounded menu keeps clear corners; `platform` is Qt's platform name."""
    if platform == "xcb":
        return selection_is_owned("_NET_WM_CM_S0")
    return platform in {"wayland", "windows", "cocoa", "offscreen"}


def selection_is_owned(selection: str) -> bool:
    """Whether some program holds an X selection, such as a tray `_NET_SYSTEM_TRAY_S0`; False without an X server."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return False
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XInternAtom.restype = ctypes.c_ulong
    x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    x11.XGetSelectionOwner.restype = ctypes.c_ulong
    x11.XGetSelectionOwner.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    display = x11.XOpenDisplay(None)
    if not display:
        return False
    try:
        atom = x11.XInternAtom(display, selection.encode(), 0)
        return bool(x11.XGetSelectionOwner(display, atom))
    finally:
        x11.XCloseDisplay(display)
