"""Keyring backends as the world has them: working, failing, hanging, locked."""

import threading
from collections.abc import Callable

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class WorkingBackend(KeyringBackend):
    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class FailingBackend(WorkingBackend):
    """Raises what its `failure` makes; plugins raise anything."""

    def __init__(self, failure: Callable[[], Exception]) -> None:
        super().__init__()
        self.failure = failure
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        raise self.failure()

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked += 1
        raise self.failure()


class HangingBackend(WorkingBackend):
    """Waits for `answers` before each call, as an unlock prompt on the screen does."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.answers = threading.Event()
        self.asked = 0
        self.dismissed = False

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        self.begun.set()
        self.answers.wait()
        if self.dismissed:
            raise KeyringLocked("dismissed")
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked += 1
        self.begun.set()
        self.answers.wait()
        super().set_password(service, username, password)
