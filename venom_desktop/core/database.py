"""SQLite in WAL mode under one connection owner: a thread of its own, so the loop never waits for the disk."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from venom_desktop.core.errors import Damaged, StorageFailed

T = TypeVar("T")

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE operations (
        operation_id TEXT PRIMARY KEY,
        status TEXT NOT NULL,
        started_at TEXT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX operations_by_start ON operations (started_at DESC);
    CREATE TABLE model_loads (
        model_name TEXT NOT NULL,
        runtime TEXT NOT NULL,
        loaded_at TEXT NOT NULL,
        load_s REAL NOT NULL,
        predicted_bytes INTEGER,
        measured_bytes INTEGER
    );
    """,
    """
    DROP TABLE model_loads;
    CREATE TABLE model_loads (
        load_id TEXT PRIMARY KEY,
        model_name TEXT NOT NULL,
        runtime TEXT NOT NULL,
        architecture TEXT NOT NULL,
        loaded_at TEXT NOT NULL,
        predicted_bytes INTEGER NOT NULL,
        measured_bytes INTEGER NOT NULL
    );
    CREATE INDEX model_loads_by_kind ON model_loads (runtime, architecture, loaded_at DESC);
    """,
)
"""One script per version, applied in order; a landed script is never edited."""


class Database:
    """All statements run in the owner's thread, one after the other."""

    def __init__(self, path: Path, *, migrations: Sequence[str] = MIGRATIONS) -> None:
        self._path = path
        self._migrations = migrations
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open and migrate. Raises `StorageFailed`, and `Damaged` for a file of a newer version."""
        await self._in_thread(self._open)

    async def close(self) -> None:
        await self._in_thread(self._close)
        self._thread.shutdown(wait=False)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Call `work` with the connection inside one transaction."""

        def inside() -> T:
            if self._connection is None:
                raise StorageFailed(path=self._path.name, problem="it is closed")
            with self._connection:
                return work(self._connection)

        return await self._in_thread(inside)

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        await self.run(lambda connection: connection.execute(statement, parameters))

    async def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        return await self.run(lambda connection: connection.execute(query, parameters).fetchall())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.DatabaseError as error:
            raise StorageFailed(path=self._path.name, problem=str(error)) from error
        except OSError as error:
            raise StorageFailed(path=self._path, problem=error.strerror or str(error)) from error

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            self._set_aside()
            self._connection = self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            version = self._version(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA busy_timeout = 5000")
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                # The first page can be good and the next one not: every later question would fail.
                raise sqlite3.DatabaseError("it is damaged inside")
            self._migrate(connection, version)
        except BaseException:
            connection.close()
            raise
        return connection

    def _version(self, connection: sqlite3.Connection) -> int:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(self._migrations):
            raise Damaged(problem="The history was written by a newer version of this program. Update the program.")
        return version

    def _migrate(self, connection: sqlite3.Connection, version: int) -> None:
        for number, script in enumerate(self._migrations[version:], start=version + 1):
            connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")

    def _set_aside(self) -> None:
        """Keep a file that is no database under another name: history is lost from view, never deleted."""
        number = 1
        while (kept := self._path.with_suffix(f".damaged-{number}")).exists():
            number += 1
        self._path.rename(kept)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
