"""What every test gets: a home of its own, no network but this machine, and failure on unexpected warnings."""

import os

# Read once by keyring: no test may wait for, or prompt, the key ring of the session it runs in.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

from tests.support.garbage import pytest_collection_finish, pytest_runtest_logfinish
from tests.support.network import no_outside_network
from tests.support.private_home import private_home
from tests.support.unexpected_logs import pytest_runtest_call, pytest_runtest_teardown

pytest_plugins = ["pytester", "tests.fakes.fixtures"]

__all__ = [
    "no_outside_network",
    "private_home",
    "pytest_collection_finish",
    "pytest_runtest_call",
    "pytest_runtest_logfinish",
    "pytest_runtest_teardown",
]
