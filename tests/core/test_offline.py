"""Which addresses are this machine's, whatever they are spelled like."""

import pytest

from venom_desktop.core.errors import StayingOffline
from venom_desktop.core.offline import ONLINE, Offline


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:11434/api/tags",
        "http://LOCALHOST./",
        "http://127.0.0.1:9",
        "http://127.8.9.10/x",
        "http://[::1]:8080/",
        "http://user:secret@127.0.0.1/",
    ],
)
def test_this_machine_may_be_asked(url: str) -> None:
    Offline(lambda: True).require(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://huggingface.co/api/models",
        "http://192.168.1.4:11434",
        "http://localhost.example.com/",
        "http://127.0.0.1@example.com/",
        "http://0.0.0.0/",
        "http://[::ffff:8.8.8.8]/",
        "http://[",
        "",
    ],
)
def test_nobody_else_is(url: str) -> None:
    with pytest.raises(StayingOffline):
        Offline(lambda: True).require(url)
    ONLINE.require(url)
