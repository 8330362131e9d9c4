"""The remote servers of one home: added, changed, tried and removed while the program runs, each with its key."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from venom_desktop.core.errors import KeyringUnavailable, KeyTravelsOpenly, UnknownRemote
from venom_desktop.core.governance.base import NO_TERMS, Target, Terms
from venom_desktop.core.http import Require
from venom_desktop.core.http_keyed import KeyedClient
from venom_desktop.core.offline import everybody
from venom_desktop.core.registry.names import remote_name
from venom_desktop.core.runtimes.live import Runtimes
from venom_desktop.core.runtimes.model_store import ModelStore
from venom_desktop.core.runtimes.remote import PACE, Pace, Remote, wire_for
from venom_desktop.core.runtimes.remote_base import RemoteDraft, RemoteServer, carries_openly, host_of, origin_of
from venom_desktop.core.runtimes.remote_file import RemoteFile
from venom_desktop.core.secrets.base import CredentialSource, CredentialStatus, Secret
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope

_KEY_PREFIX = "remote."


class Keys(Protocol):
    """Where keys are kept (the vault)."""

    def reader(self, name: str) -> Callable[[], Awaitable[str | None]]: ...

    async def set(self, name: str, value: str) -> CredentialStatus: ...

    async def remove(self, name: str) -> None: ...

    async def status(self, name: str) -> CredentialStatus: ...


class Shelf(Protocol):
    """Who lists the models of servers that come and go (the inventory)."""

    def came(self, store: ModelStore) -> None:
        """Another store of the same runtime gives way to it."""

    async def went(self, runtime: str) -> None:
        """Nothing of it answers or is listed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a try found; `version` None where the server does not tell."""

    version: str | None
    models: int


class Remotes:
    """`changed` publishes the servers after each change; their runtimes come and go in `runtimes`.

    Keys lie under names of chance, so that a server never finds the key of another one that was called the same.
    """

    def __init__(self, file: RemoteFile, keys: Keys, *, pace: Pace = PACE, require: Require = everybody) -> None:
        self.changed: Signal[tuple[RemoteServer, ...]] = Signal()
        self._file = file
        self._keys = keys
        self._pace = pace
        self._require = require
        self._writing = asyncio.Lock()
        self._closing = TaskScope("remotes")
        self._by_name = {server.name: self._made(server) for server in file.read()}
        self._stores: dict[str, ModelStore] = {name: remote.store for name, remote in self._by_name.items()}
        self._runtimes: Runtimes | None = None
        self._shelf: Shelf | None = None

    @property
    def servers(self) -> tuple[RemoteServer, ...]:
        return tuple(remote.server for remote in self._by_name.values())

    @property
    def all(self) -> tuple[Remote, ...]:
        return tuple(self._by_name.values())

    @property
    def stores(self) -> dict[str, ModelStore]:
        """By runtime; it follows every change, and only this class makes any."""
        return self._stores

    def appear_in(self, runtimes: Runtimes, shelf: Shelf) -> None:
        """Where servers that come and go from now on show; call it once."""
        self._runtimes, self._shelf = runtimes, shelf

    def get(self, name: str) -> RemoteServer:
        """Raises `UnknownRemote`."""
        if name not in self._by_name:
            raise UnknownRemote(name=f"{name:.80}", known=", ".join(self._by_name) or "none")
        return self._by_name[name].server

    def terms_of(self, target: Target) -> Terms:
        """What a call costs there; nothing is known of any other runtime."""
        remote = self._by_name.get(target.runtime)
        return NO_TERMS if remote is None else remote.server.terms

    async def key_status(self, name: str) -> CredentialStatus:
        """Where its key is kept, and the mask of it. Raises `UnknownRemote`."""
        return await self._keys.status(self.get(name).key_name)

    async def add(self, draft: RemoteDraft, key: str | None = None, *, openly: bool = False) -> RemoteServer:
        """Keep a server and let it appear; nobody is asked anything yet.

        Raises `InvalidInput`, `KeyTravelsOpenly` unless `openly`, `StorageFailed`, `DiskFull`.
        """
        checked = draft.checked()
        _check_key(checked, key, openly=openly)
        async with self._writing:
            name = remote_name(checked.title, taken=self._by_name)
            server = RemoteServer.of(checked, name=name, key_name=f"{_KEY_PREFIX}{secrets.token_hex(8)}")
            await self._write((*self.servers, server))
            if key:
                await self._keys.set(server.key_name, key)
            self._show(server)
        return server

    async def edit(
        self, name: str, draft: RemoteDraft, key: str | None = None, *, openly: bool = False
    ) -> RemoteServer:
        """Change a server; without `key` the stored one stays, unless the address is another server's or `key` is "".

        Raises as `add`, and `UnknownRemote`.
        """
        checked = draft.checked()
        _check_key(checked, key, openly=openly)
        async with self._writing:
            before = self.get(name)
            server = RemoteServer.of(checked, name=name, key_name=before.key_name)
            if key == "" or (key is None and origin_of(before.url) != origin_of(server.url)):
                # A key belongs to the server it was given for.
                await self._forget_key(before)
            await self._write([server if one.name == name else one for one in self.servers])
            if key:
                await self._keys.set(server.key_name, key)
            self._show(server)
        return server

    async def remove(self, name: str) -> None:
        """Forget a server, its models and its key. What is active there is active no more.

        Raises `UnknownRemote`, `StorageFailed`, `DiskFull`, and `KeyringUnavailable` when only its key is left.
        """
        async with self._writing:
            server = self.get(name)
            if self._shelf is not None:
                await self._shelf.went(name)
            await self._write([one for one in self.servers if one.name != name])
            gone = self._by_name.pop(name)
            self._stores.pop(name, None)
            if self._runtimes is not None:
                self._runtimes.remove(name)
            self._closing.start(f"close {id(gone)}", gone.close())
            self.changed.publish(self.servers)
            await self._forget_key(server)

    async def forget_key(self, name: str) -> None:
        """Keep the server without its key. Raises `UnknownRemote`, `KeyringUnavailable`."""
        async with self._writing:
            await self._forget_key(self.get(name))

    async def try_out(
        self, draft: RemoteDraft, key: str | None = None, *, name: str | None = None, openly: bool = False
    ) -> Tried:
        """Ask a server once, kept or not; without `key` that of `name` is sent, if it is for the same server.

        Raises `InvalidInput`, `KeyTravelsOpenly` unless `openly`, and what `RemoteWire` names.
        """
        checked = draft.checked()
        _check_key(checked, key, openly=openly)
        read = self._reader_for(checked, Secret.checked(key) if key else None, name)
        server = RemoteServer.of(checked, name=remote_name(checked.title), key_name=_KEY_PREFIX)
        client = KeyedClient(server.url, read, certificate_file=server.certificate_file, require=self._require)
        try:
            found = await wire_for(server, client, read).look()
        finally:
            await client.close()
        return Tried(version=found.version, models=len(found.models))

    async def close(self) -> None:
        for remote in self._by_name.values():
            await remote.close()
        await self._closing.drain()
        await self._closing.close()

    def _reader_for(
        self, draft: RemoteDraft, key: Secret | None, name: str | None
    ) -> Callable[[], Awaitable[str | None]]:
        if key is None and name is not None and origin_of(self.get(name).url) == origin_of(draft.url):
            return self._keys.reader(self.get(name).key_name)

        async def given() -> str | None:
            return None if key is None else key.reveal()

        return given

    def _made(self, server: RemoteServer) -> Remote:
        return Remote(server, self._keys.reader(server.key_name), pace=self._pace, require=self._require)

    def _show(self, server: RemoteServer) -> None:
        """A server that was changed takes the place of what it was; the model that answered there goes on."""
        before, remote = self._by_name.get(server.name), self._made(server)
        if before is not None:
            if before.model is not None:
                remote.resume(before.model)
            self._closing.start(f"close {id(before)}", before.close())
        self._by_name[server.name] = remote
        self._stores[server.name] = remote.store
        if self._shelf is not None:
            self._shelf.came(remote.store)
        if self._runtimes is not None:
            self._runtimes.add(remote)
        self.changed.publish(self.servers)

    async def _write(self, servers: Sequence[RemoteServer]) -> None:
        await asyncio.to_thread(self._file.write, servers)

    async def _forget_key(self, server: RemoteServer) -> None:
        """Where there is no keyring the key was in memory alone, and is gone from there."""
        kept = (await self._keys.status(server.key_name)).source is CredentialSource.KEYRING
        if kept:
            await self._keys.remove(server.key_name)
            return
        with suppress(KeyringUnavailable):
            await self._keys.remove(server.key_name)


def _check_key(draft: RemoteDraft, key: str | None, *, openly: bool) -> None:
    """Raises `InvalidInput` for what is no key, `KeyTravelsOpenly`."""
    if not key:
        return
    Secret.checked(key)
    if carries_openly(draft.url) and not openly:
        raise KeyTravelsOpenly(host=host_of(draft.url))
