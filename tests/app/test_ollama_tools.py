"""What the Runtime tab is given for Ollama."""

import pytest

from venom_desktop.app.ollama_tools import without_port


@pytest.mark.parametrize(
    ("host", "bare"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0:11434", "0.0.0.0"),
        ("http://gpu-box:8080/ollama", "http://gpu-box/ollama"),
        ("[::1]:11434", "[::1]"),
        ("::1", "::1"),
        ("http://[::]:11434", "http://[::]"),
    ],
)
def test_a_host_loses_its_port_and_nothing_else(host: str, bare: str) -> None:
    assert without_port(host) == bare
