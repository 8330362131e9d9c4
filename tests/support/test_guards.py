"""The guards that every test stands behind do bite."""

import os
import socket
from pathlib import Path

import pytest

from tests.support.network import stays_here

_PLAIN = ("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:pytest-qt")
_CONFTEST = """
from tests.support.network import no_outside_network
from tests.support.unexpected_logs import pytest_runtest_call, pytest_runtest_teardown

def pytest_configure(config):
    config.addinivalue_line("markers", "expects_warnings: as in the real suite")
"""


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "hub.localhost", "", None, "0.0.0.0"])
def test_this_machine_may_be_reached(host: str | None) -> None:
    assert stays_here(host)


@pytest.mark.parametrize("host", ["huggingface.co", "10.0.0.1", "192.0.2.1", "2001:db8::1", b"ollama.com"])
def test_other_machines_may_not(host: str | bytes) -> None:
    assert not stays_here(host)


def test_the_home_of_a_test_is_its_own(private_home: Path, tmp_path: Path) -> None:
    assert os.environ["VENOM_HOME"] == str(private_home)
    assert private_home.parent == tmp_path
    assert "HF_TOKEN" not in os.environ


def test_a_connection_inside_this_machine_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def test_a_test_that_reaches_outside_fails_even_when_it_hides_the_error(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(_CONFTEST)
    pytester.makepyfile("""
        import contextlib, socket

        def test_reaches_out():
            with contextlib.suppress(OSError):
                socket.create_connection(("192.0.2.1", 9), timeout=1)
    """)
    result = pytester.runpytest_inprocess(*_PLAIN)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*This test tried to reach 192.0.2.1*"])


@pytest.mark.expects_warnings
def test_an_unexpected_warning_in_the_log_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(_CONFTEST)
    pytester.makepyfile("""
        import logging, pytest

        def test_warns():
            logging.getLogger("disk").warning("full")

        @pytest.mark.expects_warnings
        def test_warns_as_it_should():
            logging.getLogger("disk").warning("full")

        @pytest.fixture
        def noisy_end():
            yield
            logging.getLogger("disk").error("still open")

        def test_ends_noisily(noisy_end):
            pass
    """)
    result = pytester.runpytest_inprocess(*_PLAIN)
    result.assert_outcomes(passed=2, failed=1, errors=1)
    result.stdout.fnmatch_lines(["ERROR disk: still open", "WARNING disk: full"])
