"""Fails a test that logs WARNING or above and is not marked `expects_warnings` (Qt's own are pytest-qt's part)."""

import logging
from collections.abc import Generator

import pytest


class _Collected(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


def _watched(item: pytest.Item) -> Generator[None, object, object]:
    handler = _Collected()
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        result = yield
    finally:
        root.removeHandler(handler)
    if handler.lines and item.get_closest_marker("expects_warnings") is None:
        pytest.fail("\n".join(["This test logged what it does not expect:", *handler.lines]), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Watches the test itself."""
    return (yield from _watched(item))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Watches the ends of its fixtures."""
    return (yield from _watched(item))
