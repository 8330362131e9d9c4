"""Run in a process of its own on a session bus of its own: does to the real keyring what the test asks for."""

import asyncio
import contextlib
import json
import sys

from venom_desktop.core.secrets.base import HUGGING_FACE
from venom_desktop.core.secrets.environment_store import EnvironmentStore
from venom_desktop.core.secrets.keyring_store import KeyringStore
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.secrets.vault import Vault


def make_vault() -> Vault:
    # A cold D-Bus start on a busy machine may take longer than a user would wait.
    return Vault(EnvironmentStore({}), KeyringStore(read_wait_s=60, write_wait_s=60), Redactor())


async def keep_and_forget() -> dict[str, object]:
    status = await make_vault().set(HUGGING_FACE, "hf_real_keyring_0123456789")
    kept = await make_vault().get(HUGGING_FACE)
    await make_vault().set(HUGGING_FACE, "hf_replaced_0123456789")
    replaced = await make_vault().get(HUGGING_FACE)
    last = make_vault()
    await last.remove(HUGGING_FACE)
    await last.remove(HUGGING_FACE)
    return {
        "source": status.source,
        "mask": status.mask,
        "kept": kept.reveal() if kept else None,
        "replaced": replaced.reveal() if replaced else None,
        "left": await last.get(HUGGING_FACE) is not None,
        "notice": str(last.notice) if last.notice else None,
    }


async def keep_in_memory() -> dict[str, object]:
    """No keyring can be had here."""
    vault = make_vault()
    found = await vault.get(HUGGING_FACE)
    status = await vault.set(HUGGING_FACE, "hf_kept_in_memory_0123")
    held = await vault.get(HUGGING_FACE)
    return {
        "found": found is not None,
        "source": status.source,
        "held": held.reveal() if held else None,
        "notice": str(vault.notice),
    }


async def read_locked() -> dict[str, object]:
    """Lock the keyring behind our back; nobody here can answer its prompt."""
    import secretstorage

    vault = make_vault()
    await vault.set(HUGGING_FACE, "hf_behind_a_lock_0123456789")
    with contextlib.closing(secretstorage.dbus_init()) as connection:
        secretstorage.get_default_collection(connection).lock()
    found = await vault.get(HUGGING_FACE)
    return {"found": found is not None, "notice": str(vault.notice)}


if __name__ == "__main__":
    work = {"keep": keep_and_forget, "memory": keep_in_memory, "locked": read_locked}[sys.argv[1]]
    sys.stdout.write(json.dumps(asyncio.run(work())) + "\n")
