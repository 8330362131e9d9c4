"""Addresses in the environment are read as their own programs read them."""

import pytest

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.settings.environment import normalise_ollama_host, told


@pytest.mark.parametrize(
    ("given", "endpoint"),
    [
        (None, "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:9999", "http://127.0.0.1:9999"),
        ("http://0.0.0.0:11434/", "http://127.0.0.1:11434"),
        (":8080", "http://127.0.0.1:8080"),
        ("[::]:8080", "http://127.0.0.1:8080"),
        ("gpu-box", "http://gpu-box:11434"),
        ("gpu-box:1234", "http://gpu-box:1234"),
        ("http://gpu-box", "http://gpu-box:80"),
        ("https://gpu-box", "https://gpu-box:443"),
        ("https://gpu-box/ollama/", "https://gpu-box:443/ollama"),
        ("::1", "http://[::1]:11434"),
        ("[fe80::1]:1234", "http://[fe80::1]:1234"),
        (' "10.0.0.2" ', "http://10.0.0.2:11434"),
    ],
)
def test_an_ollama_host_becomes_an_address_for_the_client(given: str | None, endpoint: str) -> None:
    assert normalise_ollama_host(given) == endpoint


def test_ollama_port_fills_a_missing_port_only() -> None:
    assert normalise_ollama_host("0.0.0.0", port=5000) == "http://127.0.0.1:5000"
    assert normalise_ollama_host("gpu-box:1234", port=5000) == "http://gpu-box:1234"


@pytest.mark.parametrize("given", ["gpu-box:port", "gpu-box:70000", "ftp://gpu-box", "user@gpu-box", "gpu box"])
def test_a_host_that_nobody_can_reach_is_refused(given: str) -> None:
    with pytest.raises(InvalidSetting, match="OLLAMA_HOST"):
        normalise_ollama_host(given)


def test_an_empty_variable_says_nothing() -> None:
    assert told({"HF_ENDPOINT": "  "}, "HF_ENDPOINT") is None
    assert told({"HF_ENDPOINT": " x "}, "HF_ENDPOINT") == "x"
    assert told({}, None) is None
