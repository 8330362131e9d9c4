"""The one door to every secret: environment first, then the keyring, then memory, and the user is told which."""

import re
from collections.abc import Awaitable, Callable

from venom_desktop.core.errors import InvalidInput, KeyringUnavailable, SecretsNotKept, SettingLocked
from venom_desktop.core.secrets.base import (
    VARIABLES,
    CredentialSource,
    CredentialStatus,
    Secret,
    SecretStore,
)
from venom_desktop.core.secrets.environment_store import EnvironmentStore
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.secrets.memory_store import MemoryStore
from venom_desktop.core.signals import Signal

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")


class Vault:
    """`changed` publishes the name of a secret that was set or removed; every secret that passes is redacted in logs.

    `notice` says that keys live in memory only, and is None while the keyring works or was never needed.
    """

    def __init__(self, environment: EnvironmentStore, keyring: SecretStore, redactor: Redactor) -> None:
        self._environment = environment
        self._keyring = keyring
        self._memory = MemoryStore()
        self._redactor = redactor
        self.changed: Signal[str] = Signal()
        self.notice: SecretsNotKept | None = None
        for secret in environment.all():
            redactor.add(secret.reveal())

    async def get(self, name: str) -> Secret | None:
        """The secret, or None. A keyring that cannot be used counts as one that holds nothing."""
        return (await self._look_up(name))[1]

    def reader(self, name: str) -> Callable[[], Awaitable[str | None]]:
        """The function that an adapter gets: it yields the key for one request and must not be kept elsewhere."""
        _check(name)

        async def read() -> str | None:
            secret = await self.get(name)
            return None if secret is None else secret.reveal()

        return read

    async def set(self, name: str, value: str) -> CredentialStatus:
        """Keep a key in the keyring, or in memory without one (then `notice` is set).

        Raises `InvalidInput` for what is no key, `SettingLocked` when the environment holds this one.
        """
        _check(name)
        self._refuse_if_locked(name)
        secret = Secret.checked(value)
        self._redactor.add(secret.reveal())
        try:
            await self._keyring.set(name, secret)
        except KeyringUnavailable as error:
            await self._memory.set(name, secret)
            self._tell(error)
        else:
            await self._memory.remove(name)
            self.notice = None
        self.changed.publish(name)
        return await self.status(name)

    async def remove(self, name: str) -> None:
        """Forget a key everywhere. Raises `SettingLocked`, or `KeyringUnavailable` when it may still be there."""
        _check(name)
        self._refuse_if_locked(name)
        await self._memory.remove(name)
        try:
            await self._keyring.remove(name)
        finally:
            self.changed.publish(name)

    async def status(self, name: str) -> CredentialStatus:
        source, secret = await self._look_up(name)
        return CredentialStatus(
            name=name,
            source=source,
            mask=None if secret is None else secret.mask,
            variable=VARIABLES[name] if source is CredentialSource.ENVIRONMENT else None,
        )

    async def _look_up(self, name: str) -> tuple[CredentialSource, Secret | None]:
        _check(name)
        told = self._environment.get(name)
        if told is not None:
            return CredentialSource.ENVIRONMENT, told
        # Memory holds only what the keyring did not take, so it is newer than what the keyring has.
        held = await self._memory.get(name)
        if held is not None:
            return CredentialSource.MEMORY, held
        try:
            kept = await self._keyring.get(name)
        except KeyringUnavailable as error:
            self._tell(error)
            return CredentialSource.NONE, None
        self.notice = None
        if kept is None:
            return CredentialSource.NONE, None
        self._redactor.add(kept.reveal())
        return CredentialSource.KEYRING, kept

    def _refuse_if_locked(self, name: str) -> None:
        if self._environment.get(name) is not None:
            raise SettingLocked(name=f"The key of {name}", variable=VARIABLES[name])

    def _tell(self, error: KeyringUnavailable) -> None:
        self.notice = SecretsNotKept(problem=error.parameters["problem"])


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput(problem=f"No key can be called {name!r:.60}.")
