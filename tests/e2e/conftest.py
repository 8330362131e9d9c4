"""A screen for the whole folder, and windows on it that end with their test."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.app_window import AppWindow, screen

OpenWindow = Callable[..., AppWindow]


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    with screen() as number:
        yield number


@pytest.fixture
def open_window(display: str, private_home: Path) -> Iterator[OpenWindow]:
    """`open_window(hub_url)` starts the program in this test's home and waits until it can be used."""
    opened: list[AppWindow] = []

    def start(hub_url: str, *arguments: str, wait: bool = True, environ: Mapping[str, str] | None = None) -> AppWindow:
        window = AppWindow(
            private_home,
            {
                "DISPLAY": display,
                "QT_QPA_PLATFORM": "xcb",
                "LC_ALL": "C.UTF-8",
                "HF_ENDPOINT": hub_url,
                "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
                **(environ or {}),
            },
            *arguments,
        )
        opened.append(window)
        if wait:
            window.wait_until_open()
        return window

    yield start
    for window in opened:
        window.close()
