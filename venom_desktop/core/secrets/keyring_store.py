"""Keeps secrets in the system's keyring, which may be missing, locked, slow or broken, without waiting for it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from venom_desktop.core.errors import KeyringUnavailable
from venom_desktop.core.secrets.base import Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

SERVICE = "venom-desktop"
READ_WAIT_S = 2.0
WRITE_WAIT_S = 20.0
"""The user has just pressed Save and may have to unlock the keyring first."""

_LOCKED = "it is locked"
# Backends that keep nothing, or keep it in a plain file.
_UNUSABLE_MODULES = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")


def find_backend() -> "KeyringBackend | None":
    """The keyring this system offers, None without one; it may talk to the session bus and block."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    found = keyring.get_keyring()
    candidates = found.backends if isinstance(found, ChainerBackend) else (found,)
    return found if any(_is_usable(candidate) for candidate in candidates) else None


class KeyringStore:
    """One call at a time in a daemon thread, each with a deadline; raises `KeyringUnavailable`.

    A call that outlives its deadline goes on (its unlock prompt may be on the screen) and no other is made until
    it has ended. A prompt that the user dismissed is not shown again by reading, only by storing a key.
    """

    def __init__(
        self,
        find: Callable[[], "KeyringBackend | None"] = find_backend,
        *,
        read_wait_s: float = READ_WAIT_S,
        write_wait_s: float = WRITE_WAIT_S,
    ) -> None:
        self._find = find
        self._read_wait_s = read_wait_s
        self._write_wait_s = write_wait_s
        self._turn = asyncio.Lock()
        self._last: asyncio.Future[Any] | None = None
        self._outlived = False
        self._dismissed = False

    async def get(self, name: str) -> Secret | None:
        value = await self._ask(
            lambda: self._backend().get_password(SERVICE, name), wait_s=self._read_wait_s, may_prompt_again=False
        )
        return Secret(value) if value else None

    async def set(self, name: str, secret: Secret) -> None:
        await self._ask(lambda: self._backend().set_password(SERVICE, name, secret.reveal()), wait_s=self._write_wait_s)

    async def remove(self, name: str) -> None:
        """Without any keyring there is nothing to remove, which is fine too."""

        def delete() -> None:
            backend = self._find()
            if backend is not None and backend.get_password(SERVICE, name) is not None:
                backend.delete_password(SERVICE, name)

        await self._ask(delete, wait_s=self._write_wait_s)

    async def _ask(self, call: Callable[[], T], *, wait_s: float, may_prompt_again: bool = True) -> T:
        async with self._turn:
            if self._last is not None:
                await self._ended(self._last, wait_s)
            if self._dismissed and not may_prompt_again:
                raise KeyringUnavailable(problem=_LOCKED)
            answer = _in_daemon_thread(call)
            self._last = answer
            await self._ended(answer, wait_s)
            return answer.result()

    async def _ended(self, answer: asyncio.Future[Any], wait_s: float) -> None:
        """Wait for a call to end, but only once for one that outlives its deadline, and learn from it."""
        if not self._outlived:
            await asyncio.wait((answer,), timeout=wait_s)
        self._outlived = not answer.done()
        if self._outlived:
            raise KeyringUnavailable(problem="it does not answer")
        failure = answer.exception()
        self._dismissed = isinstance(failure, KeyringUnavailable) and failure.parameters["problem"] == _LOCKED

    def _backend(self) -> "KeyringBackend":
        backend = self._find()
        if backend is None:
            raise KeyringUnavailable(problem="none is installed")
        return backend


def _in_daemon_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Run `work` in a thread that cannot hold up the end of the program, as an executor's would."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, failure: KeyringUnavailable | None) -> None:
        if answer.done():
            return
        if failure is None:
            answer.set_result(value)  # type: ignore[arg-type]
        else:
            answer.set_exception(failure)
            answer.exception()  # a failure after the deadline may have nobody left to hear it

    def run() -> None:
        value: T | None = None
        failure: KeyringUnavailable | None = None
        try:
            value = work()
        except KeyringUnavailable as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - backends are plugins that raise what they like
            failure = KeyringUnavailable(problem=_why(error))
        with contextlib.suppress(RuntimeError):  # the loop was closed before the keyring answered
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=run, name="keyring", daemon=True).start()
    return answer


def _why(error: Exception) -> str:
    from keyring.errors import KeyringLocked, NoKeyringError

    match error:
        case KeyringLocked():
            return _LOCKED
        case NoKeyringError():
            return "none is installed"
        case _:
            # The message stays out: nobody knows what a backend puts into it.
            return f"it failed with {type(error).__name__}"


def _is_usable(backend: object) -> bool:
    module = type(backend).__module__
    return not any(module == unusable or module.startswith(f"{unusable}.") for unusable in _UNUSABLE_MODULES)
