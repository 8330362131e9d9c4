"""The connection owner: migrations, transactions, and a damaged file."""

import sqlite3
from pathlib import Path

import pytest

from venom_desktop.core.database import Database
from venom_desktop.core.errors import Damaged, StorageFailed


async def test_a_new_version_migrates_an_old_file_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    first = Database(path, migrations=("CREATE TABLE one (value TEXT);",))
    await first.open()
    await first.execute("INSERT INTO one VALUES (?)", ("kept",))
    await first.close()
    second = Database(path, migrations=("CREATE TABLE one (value TEXT);", "ALTER TABLE one ADD COLUMN more TEXT;"))
    await second.open()
    rows = await second.rows("SELECT value, more FROM one")
    await second.close()
    assert [tuple(row) for row in rows] == [("kept", None)]


async def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    database = Database(path)
    with pytest.raises(Damaged, match="newer version"):
        await database.open()
    await database.close()
    assert path.read_bytes() == before


async def test_a_file_that_is_no_database_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"this is not a database, but somebody may want it" * 40)
    database = Database(path)
    await database.open()
    assert await database.rows("SELECT * FROM operations") == []
    await database.close()
    assert (tmp_path / "history.damaged-1").read_bytes().startswith(b"this is not")


async def test_a_failed_statement_leaves_nothing_of_its_transaction(tmp_path: Path) -> None:
    database = Database(tmp_path / "history.db", migrations=("CREATE TABLE one (value TEXT UNIQUE);",))
    await database.open()

    def twice(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO one VALUES ('same')")
        connection.execute("INSERT INTO one VALUES ('same')")

    with pytest.raises(StorageFailed):
        await database.run(twice)
    assert await database.rows("SELECT * FROM one") == []
    await database.close()


async def test_a_file_damaged_behind_its_first_page_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    rows = [(str(number), "completed", "2026", "{}" * 400) for number in range(50)]
    first = Database(path)
    await first.open()
    await first.run(lambda connection: connection.executemany("INSERT INTO operations VALUES (?, ?, ?, ?)", rows))
    await first.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xab" * (len(whole) - 4096))
    second = Database(path)
    await second.open()
    assert await second.rows("SELECT * FROM operations") == []
    await second.close()
    assert (tmp_path / "history.damaged-1").exists()


async def test_a_folder_that_cannot_be_made_is_told_in_our_words(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a file where a folder should be")
    database = Database(tmp_path / "data" / "history.db")
    with pytest.raises(StorageFailed):
        await database.open()
    await database.close()
