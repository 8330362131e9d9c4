"""A keyring that is missing, locked, slow or broken never holds anybody up."""

import asyncio
import subprocess
import sys
from collections.abc import Callable

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import InitError, KeyringLocked

from tests.core.secrets.fake_backends import FailingBackend, HangingBackend, WorkingBackend
from venom_desktop.core.errors import KeyringUnavailable
from venom_desktop.core.secrets.base import Secret
from venom_desktop.core.secrets.keyring_store import SERVICE, KeyringStore, find_backend

NULL: Callable[[], KeyringBackend] = null.Keyring
FAIL: Callable[[], KeyringBackend] = fail.Keyring
KEY = Secret("hf_0123456789")


async def asked_until_it_answers(store: KeyringStore) -> Secret | KeyringUnavailable | None:
    """What it says once the call that hung has ended."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await store.get("huggingface")
            except KeyringUnavailable as error:
                if "does not answer" not in str(error):
                    return error
            await asyncio.sleep(0)


async def test_a_key_is_kept_under_our_name_and_removed() -> None:
    backend = WorkingBackend()
    store = KeyringStore(lambda: backend)
    assert await store.get("huggingface") is None
    await store.set("huggingface", KEY)
    assert backend.kept == {(SERVICE, "huggingface"): "hf_0123456789"}
    assert await store.get("huggingface") == KEY
    await store.remove("huggingface")
    await store.remove("huggingface")
    assert backend.kept == {}


async def test_a_hanging_keyring_is_given_up_and_asked_once() -> None:
    backend = HangingBackend()
    store = KeyringStore(lambda: backend, read_wait_s=0.01)
    for _ in range(3):
        with pytest.raises(KeyringUnavailable, match="does not answer"):
            await store.get("huggingface")
    assert backend.asked == 1
    backend.answers.set()


async def test_a_keyring_that_answers_late_is_used_again() -> None:
    backend = HangingBackend()
    backend.kept[SERVICE, "huggingface"] = "hf_late_0123456789"
    store = KeyringStore(lambda: backend, read_wait_s=0.01)
    with pytest.raises(KeyringUnavailable):
        await store.get("huggingface")
    backend.answers.set()
    assert await asked_until_it_answers(store) == Secret("hf_late_0123456789")


async def test_a_prompt_dismissed_late_is_not_shown_again() -> None:
    backend = HangingBackend()
    backend.dismissed = True
    store = KeyringStore(lambda: backend, read_wait_s=0.01)
    with pytest.raises(KeyringUnavailable, match="does not answer"):
        await store.get("huggingface")
    backend.answers.set()
    assert "it is locked" in str(await asked_until_it_answers(store))
    assert backend.asked == 1


async def test_requests_at_the_same_time_show_one_prompt() -> None:
    backend = FailingBackend(lambda: KeyringLocked("dismissed"))
    store = KeyringStore(lambda: backend)
    answers = await asyncio.gather(*(store.get("huggingface") for _ in range(10)), return_exceptions=True)
    assert {str(answer) for answer in answers} == {str(KeyringUnavailable(problem="it is locked"))}
    assert backend.asked == 1


async def test_a_caller_that_gave_up_leaves_no_second_prompt() -> None:
    backend = HangingBackend()
    backend.kept[SERVICE, "huggingface"] = KEY.reveal()
    store = KeyringStore(lambda: backend, read_wait_s=10)
    first = asyncio.ensure_future(store.get("huggingface"))
    await asyncio.to_thread(backend.begun.wait)
    first.cancel()
    second = asyncio.ensure_future(store.get("huggingface"))
    await asyncio.wait({first})
    assert backend.asked == 1
    backend.answers.set()
    assert await second == KEY


async def test_a_locked_keyring_asks_once_and_again_only_when_a_key_is_stored() -> None:
    backend = FailingBackend(lambda: KeyringLocked("dismissed"))
    store = KeyringStore(lambda: backend)
    for _ in range(3):
        with pytest.raises(KeyringUnavailable, match="it is locked"):
            await store.get("huggingface")
    assert backend.asked == 1
    with pytest.raises(KeyringUnavailable):
        await store.set("huggingface", KEY)
    assert backend.asked == 2


@pytest.mark.parametrize(
    "failure",
    [InitError, OSError, ValueError, RuntimeError, lambda: AttributeError("no module"), lambda: Exception("x")],
)
async def test_whatever_a_backend_raises_counts_as_no_keyring(failure: Callable[[], Exception]) -> None:
    store = KeyringStore(lambda: FailingBackend(failure))
    with pytest.raises(KeyringUnavailable, match="it failed with"):
        await store.get("huggingface")


async def test_the_words_of_a_failing_backend_are_not_repeated() -> None:
    store = KeyringStore(lambda: FailingBackend(lambda: ValueError(f"bad password {KEY.reveal()}")))
    with pytest.raises(KeyringUnavailable) as caught:
        await store.set("huggingface", KEY)
    assert KEY.reveal() not in str(caught.value)


async def test_one_call_at_a_time() -> None:
    running: list[int] = []
    most: list[int] = []

    class Counting(WorkingBackend):
        def get_password(self, service: str, username: str) -> str | None:
            running.append(1)
            most.append(len(running))
            found = super().get_password(service, username)
            running.pop()
            return found

    backend = Counting()
    store = KeyringStore(lambda: backend)
    await asyncio.gather(*(store.get("huggingface") for _ in range(20)))
    assert max(most) == 1
    assert len(most) == 20


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Callable[[KeyringBackend], None]:
    import keyring.core

    def choose(backend: KeyringBackend) -> None:
        monkeypatch.setattr(keyring.core, "_keyring_backend", backend)

    return choose


@pytest.mark.parametrize("backend", [NULL, FAIL])
def test_null_and_fail_count_as_none(
    chosen: Callable[[KeyringBackend], None], backend: Callable[[], KeyringBackend]
) -> None:
    chosen(backend())
    assert find_backend() is None


class Chain(chainer.ChainerBackend):
    backends: tuple[KeyringBackend, ...] = ()


def test_a_chain_counts_by_what_is_in_it(chosen: Callable[[KeyringBackend], None]) -> None:
    chain: Chain = Chain()  # type: ignore[no-untyped-call]
    chosen(chain)
    assert find_backend() is None
    chain.backends = (NULL(), FAIL())
    assert find_backend() is None
    chain.backends = (NULL(), WorkingBackend())
    assert find_backend() is chain


def test_importing_the_store_does_not_import_keyring() -> None:
    check = "import sys, venom_desktop.core.secrets.vault, venom_desktop.core.secrets.keyring_store; "
    done = subprocess.run([sys.executable, "-c", f"{check}sys.exit('keyring' in sys.modules)"], check=False)
    assert done.returncode == 0


def test_a_hanging_keyring_does_not_hold_up_the_end_of_the_program() -> None:
    script = """
import asyncio
from tests.core.secrets.fake_backends import HangingBackend
from venom_desktop.core.errors import KeyringUnavailable
from venom_desktop.core.secrets.keyring_store import KeyringStore

async def main():
    try:
        await KeyringStore(HangingBackend, read_wait_s=0.01).get("huggingface")
    except KeyringUnavailable:
        print("given up")

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "given up\n"
