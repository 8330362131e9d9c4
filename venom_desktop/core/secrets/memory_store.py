"""Keeps secrets until the program ends, for machines without a keyring."""

from venom_desktop.core.secrets.base import Secret


class MemoryStore:
    def __init__(self) -> None:
        self._secrets: dict[str, Secret] = {}

    async def get(self, name: str) -> Secret | None:
        return self._secrets.get(name)

    async def set(self, name: str, secret: Secret) -> None:
        self._secrets[name] = secret

    async def remove(self, name: str) -> None:
        self._secrets.pop(name, None)
