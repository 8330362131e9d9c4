"""Secrets are found in one order, kept where they can be, and the user is told where."""

import pytest

from tests.core.secrets.fake_backends import FailingBackend, WorkingBackend
from venom_desktop.core.errors import InvalidInput, KeyringUnavailable, SettingLocked
from venom_desktop.core.secrets.base import GOOGLE, HUGGING_FACE, OPENAI, CredentialSource, CredentialStatus
from venom_desktop.core.secrets.environment_store import EnvironmentStore
from venom_desktop.core.secrets.keyring_store import KeyringStore
from venom_desktop.core.secrets.masking import REDACTED, Redactor
from venom_desktop.core.secrets.vault import Vault

TOKEN = "hf_planted_0123456789"


def make_vault(
    backend: WorkingBackend | None = None, environ: dict[str, str] | None = None, redactor: Redactor | None = None
) -> Vault:
    return Vault(EnvironmentStore(environ or {}), KeyringStore(lambda: backend), redactor or Redactor())


async def test_a_key_goes_to_the_keyring_and_is_there_at_the_next_start() -> None:
    backend = WorkingBackend()
    status = await make_vault(backend).set(HUGGING_FACE, f" {TOKEN}\n")
    assert status == CredentialStatus(name=HUGGING_FACE, source=CredentialSource.KEYRING, mask="hf_…6789")
    found = await make_vault(backend).get(HUGGING_FACE)
    assert found is not None
    assert found.reveal() == TOKEN


async def test_the_environment_wins_and_cannot_be_changed() -> None:
    backend = WorkingBackend()
    await make_vault(backend).set(HUGGING_FACE, "hf_in_the_keyring")
    vault = make_vault(backend, {"HF_TOKEN": f"{TOKEN}\n", "OPENAI_API_KEY": ""})
    found = await vault.get(HUGGING_FACE)
    assert found is not None
    assert found.reveal() == TOKEN
    status = await vault.status(HUGGING_FACE)
    assert (status.source, status.variable) == (CredentialSource.ENVIRONMENT, "HF_TOKEN")
    with pytest.raises(SettingLocked, match="HF_TOKEN"):
        await vault.set(HUGGING_FACE, "hf_another_one")
    with pytest.raises(SettingLocked, match="HF_TOKEN"):
        await vault.remove(HUGGING_FACE)
    assert (await vault.status(OPENAI)).source is CredentialSource.NONE


async def test_without_a_keyring_a_key_lives_in_memory_and_the_user_is_told() -> None:
    vault = make_vault(None)
    assert vault.notice is None
    status = await vault.set(HUGGING_FACE, TOKEN)
    assert status.source is CredentialSource.MEMORY
    assert "none is installed" in str(vault.notice)
    found = await vault.get(HUGGING_FACE)
    assert found is not None
    assert found.reveal() == TOKEN
    assert await make_vault(None).get(HUGGING_FACE) is None


async def test_a_key_the_keyring_did_not_take_wins_over_the_old_one_it_has() -> None:
    class FullBackend(WorkingBackend):
        full = False

        def set_password(self, service: str, username: str, password: str) -> None:
            if self.full:
                raise OSError("no space")
            super().set_password(service, username, password)

    backend = FullBackend()
    vault = make_vault(backend)
    await vault.set(HUGGING_FACE, "hf_old_0123456789")
    backend.full = True
    await vault.set(HUGGING_FACE, "hf_new_0123456789")
    found = await vault.get(HUGGING_FACE)
    assert found is not None
    assert found.reveal() == "hf_new_0123456789"
    backend.full = False
    assert (await vault.set(HUGGING_FACE, "hf_newest_0123456789")).source is CredentialSource.KEYRING
    assert vault.notice is None


async def test_a_broken_keyring_counts_as_one_that_holds_nothing() -> None:
    vault = make_vault(FailingBackend(OSError))
    assert await vault.get(HUGGING_FACE) is None
    assert "OSError" in str(vault.notice)


async def test_removing_says_when_the_key_may_still_be_in_the_keyring() -> None:
    vault = make_vault(FailingBackend(OSError))
    await vault.set(HUGGING_FACE, TOKEN)
    with pytest.raises(KeyringUnavailable):
        await vault.remove(HUGGING_FACE)
    assert await vault.get(HUGGING_FACE) is None


async def test_removing_is_complete_and_without_a_keyring_too() -> None:
    for backend in (WorkingBackend(), None):
        vault = make_vault(backend)
        await vault.set(HUGGING_FACE, TOKEN)
        await vault.remove(HUGGING_FACE)
        assert (await vault.status(HUGGING_FACE)).source is CredentialSource.NONE


async def test_changes_are_told_by_name() -> None:
    vault = make_vault(WorkingBackend())
    heard: list[str] = []
    vault.changed.subscribe(heard.append)
    await vault.set(OPENAI, "sk-0123456789")
    await vault.remove(OPENAI)
    assert heard == [OPENAI, OPENAI]


async def test_a_reader_yields_the_key_of_the_moment() -> None:
    vault = make_vault(WorkingBackend())
    read = vault.reader(GOOGLE)
    assert await read() is None
    await vault.set(GOOGLE, "AIza-first")
    assert await read() == "AIza-first"
    await vault.set(GOOGLE, "AIza-second")
    assert await read() == "AIza-second"


@pytest.mark.parametrize("name", ["", "../x", "Upper", "with blank", "x" * 81])
async def test_a_name_no_key_can_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        await make_vault().get(name)


async def test_every_secret_that_passes_is_redacted_from_then_on() -> None:
    backend, redactor = WorkingBackend(), Redactor()
    vault = make_vault(backend, {"OPENAI_API_KEY": "from-the-environment"}, redactor)
    assert redactor.redact("from-the-environment") == REDACTED
    await vault.set(GOOGLE, "typed-by-hand")
    assert redactor.redact("typed-by-hand") == REDACTED
    later = Redactor()
    await make_vault(backend, redactor=later).get(GOOGLE)
    assert later.redact("typed-by-hand") == REDACTED
