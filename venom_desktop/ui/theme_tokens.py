"""The colours, spaces and type of both themes; every other file names a role and never a value."""

from collections.abc import Mapping
from typing import Final, Literal

ColorRole = Literal[
    "window", "surface", "raised", "sunken", "hover", "pressed",
    "line", "field", "control",
    "text", "text2", "text3", "disabled",
    "accent", "accent_hover", "accent_press", "on_accent", "accent_soft", "accent_text", "focus",
    "chart", "seg2", "seg3", "seg4", "track", "scroll",
    "ok", "ok_soft", "part", "part_soft", "warn", "warn_soft", "bad", "bad_soft", "bad_fill", "off", "off_soft",
    "segment", "shadow",
]  # fmt: skip
StateRole = Literal["ok", "part", "warn", "bad", "off"]
FontRole = Literal[
    "hero", "title", "heading", "strong", "medium", "body", "small", "small_medium", "reading", "mono",
]  # fmt: skip
Tokens = Mapping[ColorRole, str]

LIGHT: Final[Tokens] = {
    "window": "#F3F4F7", "surface": "#FFFFFF", "raised": "#FFFFFF", "sunken": "#F6F7F9",
    "hover": "#F0F1F5", "pressed": "#E5E7ED",
    "line": "#E2E4EA", "field": "#B9BECA", "control": "#7A8191",
    "text": "#1A1C22", "text2": "#555B6A", "text3": "#626877", "disabled": "#9AA0AD",
    "accent": "#5146D9", "accent_hover": "#463BC8", "accent_press": "#3B31B0", "on_accent": "#FFFFFF",
    "accent_soft": "#ECEBFD", "accent_text": "#463BC8", "focus": "#5146D9",
    "chart": "#5146D9", "seg2": "#4A7AB8", "seg3": "#A97413", "seg4": "#23867A",
    "track": "#E3E5EB", "scroll": "#CDD1DA",
    "ok": "#116B3A", "ok_soft": "#E1F3E8", "part": "#0A57A4", "part_soft": "#E3EEFA",
    "warn": "#7A4B00", "warn_soft": "#FBEFD3", "bad": "#B0241C", "bad_soft": "#FCE7E5", "bad_fill": "#B0241C",
    "off": "#555B6A", "off_soft": "#EBEDF1",
    "segment": "#FFFFFF", "shadow": "#1A1C22",
}  # fmt: skip

DARK: Final[Tokens] = {
    "window": "#141519", "surface": "#1B1D22", "raised": "#23252C", "sunken": "#17191D",
    "hover": "#24262D", "pressed": "#2D3038",
    "line": "#2C2F37", "field": "#444955", "control": "#7B8292",
    "text": "#E8EAF0", "text2": "#A8AEBC", "text3": "#8F95A4", "disabled": "#666C79",
    "accent": "#6156E8", "accent_hover": "#6A5FF0", "accent_press": "#5248D6", "on_accent": "#FFFFFF",
    "accent_soft": "#2A2850", "accent_text": "#B3ADFF", "focus": "#948CFF",
    "chart": "#8F86FF", "seg2": "#5E86BF", "seg3": "#C08A2A", "seg4": "#4FA99D",
    "track": "#2F323B", "scroll": "#3A3E48",
    "ok": "#6FD499", "ok_soft": "#173324", "part": "#82BBF8", "part_soft": "#172D45",
    "warn": "#EBBB5C", "warn_soft": "#38290F", "bad": "#FF9A90", "bad_soft": "#44201D", "bad_fill": "#C23A31",
    "off": "#A8AEBC", "off_soft": "#2A2D35",
    "segment": "#2D3038", "shadow": "#000000",
}  # fmt: skip

FONT_SHAPES: Final[Mapping[FontRole, tuple[float, int]]] = {
    "hero": (1.8, 600), "title": (1.5, 600), "heading": (1.15, 600), "strong": (1.0, 600), "medium": (1.0, 500),
    "body": (1.0, 400), "small": (0.9, 400), "small_medium": (0.9, 500), "reading": (1.08, 400), "mono": (0.95, 400),
}  # fmt: skip
"""Factor of the application font's size, and weight."""

TILE_HUES: Final = (252, 205, 160, 28, 340, 90)


def soft(state: StateRole) -> ColorRole:
    """The ground on which a state's own colour stands."""
    grounds: Mapping[StateRole, ColorRole] = {
        "ok": "ok_soft", "part": "part_soft", "warn": "warn_soft", "bad": "bad_soft", "off": "off_soft",
    }  # fmt: skip
    return grounds[state]
