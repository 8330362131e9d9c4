"""Publish and subscribe."""

import logging

import pytest

from venom_desktop.core.signals import Signal


def test_every_listener_hears_in_the_order_of_subscription() -> None:
    signal: Signal[int] = Signal()
    heard: list[str] = []
    signal.subscribe(lambda value: heard.append(f"a{value}"))
    signal.subscribe(lambda value: heard.append(f"b{value}"))
    signal.publish(1)
    assert heard == ["a1", "b1"]


def test_a_subscription_ends_itself_and_may_be_ended_twice() -> None:
    signal: Signal[int] = Signal()
    heard: list[int] = []
    end = signal.subscribe(heard.append)
    end()
    end()
    signal.publish(1)
    assert heard == []
    assert not signal.has_listeners


@pytest.mark.expects_warnings
def test_a_failing_listener_is_logged_and_the_rest_still_hear(caplog: pytest.LogCaptureFixture) -> None:
    signal: Signal[int] = Signal()
    heard: list[int] = []

    def fail(value: int) -> None:
        raise ValueError(value)

    signal.subscribe(fail)
    signal.subscribe(heard.append)
    with caplog.at_level(logging.ERROR):
        signal.publish(7)
    assert heard == [7]
    assert "A listener failed" in caplog.text
