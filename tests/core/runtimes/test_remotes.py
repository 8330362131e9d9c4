"""Remote servers are added, changed, tried and removed while the program runs, each with a key of its own."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.core.runtimes.remote_bench import KEY, QUICK, SETTINGS, draft, text
from tests.core.secrets.fake_backends import WorkingBackend
from tests.fakes.openai_server import SPEECH, OpenAiStandIn
from venom_desktop.core.errors import InvalidInput, KeyTravelsOpenly, RemoteKeyRefused, UnknownRemote
from venom_desktop.core.governance.base import NO_TERMS, Target, Terms
from venom_desktop.core.runtimes.live import Runtimes
from venom_desktop.core.runtimes.model_store import ModelStore
from venom_desktop.core.runtimes.remote_base import RemoteKind
from venom_desktop.core.runtimes.remote_file import RemoteFile
from venom_desktop.core.runtimes.remotes import Remotes, Tried
from venom_desktop.core.secrets.base import CredentialSource
from venom_desktop.core.secrets.environment_store import EnvironmentStore
from venom_desktop.core.secrets.keyring_store import KeyringStore
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.secrets.vault import Vault

OPEN = "http://models.example:8000"


class Shelf:
    def __init__(self) -> None:
        self.told: list[str] = []

    def came(self, store: ModelStore) -> None:
        self.told.append(f"came {store.snapshot.runtime}")

    async def went(self, runtime: str) -> None:
        self.told.append(f"went {runtime}")


class Bench:
    def __init__(self, folder: Path, backend: WorkingBackend | None) -> None:
        self.file = folder / "remotes.json"
        self.vault = Vault(EnvironmentStore({}), KeyringStore(lambda: backend), Redactor())
        self.remotes = Remotes(RemoteFile(self.file), self.vault, pace=QUICK)
        self.runtimes = Runtimes(*self.remotes.all)
        self.shelf = Shelf()
        self.remotes.appear_in(self.runtimes, self.shelf)


@pytest.fixture
def backend() -> WorkingBackend:
    return WorkingBackend()


@asynccontextmanager
async def opened(folder: Path, backend: WorkingBackend | None) -> AsyncIterator[Bench]:
    bench = Bench(folder, backend)
    try:
        yield bench
    finally:
        await bench.remotes.close()


@pytest.fixture
async def bench(tmp_path: Path, backend: WorkingBackend) -> AsyncIterator[Bench]:
    async with opened(tmp_path, backend) as made:
        yield made


@pytest.fixture
def server() -> Iterator[OpenAiStandIn]:
    with OpenAiStandIn("tiny", "large", key=KEY) as made:
        yield made


async def test_a_server_that_is_added_shows_at_once_and_is_there_at_the_next_start(
    bench: Bench, server: OpenAiStandIn, tmp_path: Path, backend: WorkingBackend
) -> None:
    terms = Terms(input_usd=0.5, output_usd=1.5, requests_per_minute=60)
    added = await bench.remotes.add(draft(f"{server.url}/v1/", title="  Lab   box ", terms=terms), KEY)
    assert (added.name, added.title, added.url) == ("remote-lab-box", "Lab box", server.url)
    assert list(bench.runtimes) == ["remote-lab-box"]
    assert bench.shelf.told == ["came remote-lab-box"]
    async with opened(tmp_path, backend) as again:
        assert again.remotes.servers == (added,)
        [remote] = again.remotes.all
        await remote.refresh()
        await remote.load(await remote.store.describe("tiny"), SETTINGS)
        assert await text(remote) == "".join(SPEECH)
        assert again.remotes.terms_of(Target(runtime=added.name, model="tiny")) == terms
        assert again.remotes.terms_of(Target(runtime="ollama", model="tiny")) is NO_TERMS


async def test_the_planted_key_is_in_no_file_no_log_and_no_words(
    bench: Bench, server: OpenAiStandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        added = await bench.remotes.add(draft(server.url), KEY)
        [remote] = bench.remotes.all
        await remote.load(await remote.store.describe("tiny"), SETTINGS)
        await text(remote)
        server.key = "sk-other-9876543210"
        with pytest.raises(RemoteKeyRefused) as refused:
            await text(remote)
    files = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    words = (repr(added), repr(remote), repr(remote.upstream()), repr(remote.snapshot), repr(bench.remotes.servers))
    urls = [request.target for request in server.requests]
    for told in (*files, caplog.text, *words, str(refused.value), repr(refused.value.parameters), *urls):
        assert KEY not in told


async def test_a_key_over_plain_http_to_another_machine_is_asked_about_before_it_is_kept(
    bench: Bench, backend: WorkingBackend
) -> None:
    for work in (bench.remotes.add(draft(OPEN), KEY), bench.remotes.try_out(draft(OPEN), KEY)):
        with pytest.raises(KeyTravelsOpenly, match=r"models\.example:8000 without encryption"):
            await work
    assert (bench.remotes.servers, backend.kept) == ((), {})
    added = await bench.remotes.add(draft(OPEN), KEY, openly=True)
    assert (await bench.remotes.key_status(added.name)).source is CredentialSource.KEYRING
    await bench.remotes.add(draft("https://models.example"), KEY)
    await bench.remotes.add(draft(OPEN))
    with pytest.raises(KeyTravelsOpenly):
        await bench.remotes.edit(added.name, draft(OPEN), "sk-new-0123456789")


async def test_two_servers_of_one_title_have_names_and_keys_of_their_own(
    bench: Bench, backend: WorkingBackend, server: OpenAiStandIn
) -> None:
    first = await bench.remotes.add(draft(server.url), KEY)
    second = await bench.remotes.add(draft(server.url), "sk-second-0123456789")
    assert (first.name, second.name) == ("remote-lab-box", "remote-lab-box-2")
    assert first.key_name != second.key_name
    assert sorted(backend.kept.values()) == sorted([KEY, "sk-second-0123456789"])


async def test_a_removed_server_takes_its_key_along_and_a_later_one_of_that_name_has_none(
    bench: Bench, backend: WorkingBackend, server: OpenAiStandIn
) -> None:
    added = await bench.remotes.add(draft(server.url), KEY)
    await bench.remotes.remove(added.name)
    assert (backend.kept, list(bench.runtimes), bench.remotes.stores) == ({}, [], {})
    assert bench.shelf.told[-1] == "went remote-lab-box"
    assert json.loads(bench.file.read_text()) == {"servers": []}
    later = await bench.remotes.add(draft(server.url))
    assert later.name == added.name
    assert (await bench.remotes.key_status(later.name)).source is CredentialSource.NONE
    with pytest.raises(UnknownRemote, match="remote-lab-box"):
        await bench.remotes.remove("remote-nobody")


async def test_a_key_goes_alone_by_its_own_verb_or_with_a_change(
    bench: Bench, backend: WorkingBackend, server: OpenAiStandIn
) -> None:
    added = await bench.remotes.add(draft(server.url), KEY)
    await bench.remotes.forget_key(added.name)
    assert (backend.kept, bench.remotes.servers) == ({}, (added,))
    await bench.remotes.edit(added.name, draft(server.url), KEY)
    await bench.remotes.edit(added.name, draft(server.url))
    assert list(backend.kept.values()) == [KEY]
    await bench.remotes.edit(added.name, draft(server.url), "")
    assert backend.kept == {}
    with pytest.raises(UnknownRemote):
        await bench.remotes.forget_key("remote-nobody")


async def test_without_a_keyring_a_key_lives_in_memory_and_goes_with_its_server(
    tmp_path: Path, server: OpenAiStandIn
) -> None:
    async with opened(tmp_path, None) as bench:
        added = await bench.remotes.add(draft(server.url), KEY)
        assert (await bench.remotes.key_status(added.name)).source is CredentialSource.MEMORY
        await bench.remotes.remove(added.name)
        assert await bench.vault.get(added.key_name) is None


async def test_a_changed_server_keeps_name_and_key_and_the_model_that_answers(
    bench: Bench, server: OpenAiStandIn
) -> None:
    added = await bench.remotes.add(draft(server.url), KEY)
    [remote] = bench.remotes.all
    await remote.load(await remote.store.describe("tiny"), SETTINGS)
    changed = await bench.remotes.edit(added.name, draft(server.url, title="Rack"))
    assert (changed.name, changed.key_name, changed.title) == (added.name, added.key_name, "Rack")
    [now] = bench.remotes.all
    assert bench.runtimes[added.name] is now
    assert now.snapshot.title == "Rack"
    assert await text(now) == "".join(SPEECH)


async def test_a_key_is_not_sent_to_another_address_unless_it_is_given_anew(
    bench: Bench, backend: WorkingBackend, server: OpenAiStandIn
) -> None:
    added = await bench.remotes.add(draft(server.url), KEY)
    with OpenAiStandIn("tiny") as other:
        with pytest.raises(RemoteKeyRefused):
            await bench.remotes.try_out(draft(server.url), name=None)
        await bench.remotes.try_out(draft(other.url), name=added.name)
        await bench.remotes.edit(added.name, draft(other.url))
        await bench.remotes.all[0].refresh()
        assert other.tokens() == {None}
        assert backend.kept == {}
        await bench.remotes.edit(added.name, draft(other.url), "sk-for-the-other-0123")
        await bench.remotes.all[0].refresh()
        assert "sk-for-the-other-0123" in other.tokens()


async def test_a_try_says_what_it_found_and_keeps_nothing(
    bench: Bench, backend: WorkingBackend, server: OpenAiStandIn
) -> None:
    assert await bench.remotes.try_out(draft(server.url), KEY) == Tried(version="vLLM", models=2)
    assert (bench.remotes.servers, backend.kept, bench.file.exists()) == ((), {}, False)
    added = await bench.remotes.add(draft(server.url), KEY)
    assert (await bench.remotes.try_out(draft(server.url), name=added.name)).models == 2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("models.example:8000", "http://models.example:8000"),
        (" HTTPS://Models.Example/v1 ", "https://models.example"),
        ("https://openrouter.example/api/v1/", "https://openrouter.example/api"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
async def test_an_address_is_kept_in_one_form(bench: Bench, url: str, shown: str) -> None:
    assert (await bench.remotes.add(draft(url))).url == shown


@pytest.mark.parametrize(
    "url",
    ["", "ftp://models.example", "http://", "http://a b", "http://user:secret-word@models.example", "http://m.example:x",
     "http://models.example/?key=secret-word", "http://models.example:70000", "http://m\u00f6dels.example"],
)  # fmt: skip
async def test_an_address_that_is_none_is_refused_without_repeating_it(bench: Bench, url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await bench.remotes.add(draft(url))
    assert "secret-word" not in str(refused.value)


@pytest.mark.parametrize(
    "terms", [Terms(input_usd=-1), Terms(output_usd=float("nan")), Terms(requests_per_minute=0), Terms(input_usd=1e9)]
)
async def test_a_price_or_limit_that_makes_no_sense_is_refused(bench: Bench, terms: Terms) -> None:
    with pytest.raises(InvalidInput):
        await bench.remotes.add(draft("http://127.0.0.1:1", terms=terms))


async def test_a_title_without_letters_of_ours_and_a_bad_key_are_handled(bench: Bench) -> None:
    assert (await bench.remotes.add(draft("http://127.0.0.1:1", title="研究室"))).name == "remote-server"
    with pytest.raises(InvalidInput):
        await bench.remotes.add(draft("http://127.0.0.1:1", title=" "))
    with pytest.raises(InvalidInput, match="not a usable key"):
        await bench.remotes.add(draft("http://127.0.0.1:1"), "sk-two\nlines-of-it")
    with pytest.raises(InvalidInput, match="absolute"):
        await bench.remotes.add(draft("http://127.0.0.1:1", certificate_file=Path("ca.pem")))
    assert len(bench.remotes.servers) == 1


async def test_rows_and_fields_of_other_versions_survive_a_change(tmp_path: Path, backend: WorkingBackend) -> None:
    async with opened(tmp_path, backend) as bench:
        await bench.remotes.add(draft("http://127.0.0.1:1"))
    rows = json.loads(bench.file.read_text())["servers"]
    strange = {"name": "remote-next", "kind": "quantum", "url": "q://x"}
    bench.file.write_text(json.dumps({"servers": [{**rows[0], "colour": "blue"}, strange]}))
    async with opened(tmp_path, backend) as bench:
        assert [one.name for one in bench.remotes.servers] == ["remote-lab-box"]
        await bench.remotes.edit("remote-lab-box", draft("http://127.0.0.1:2", kind=RemoteKind.OLLAMA))
        first, second = json.loads(bench.file.read_text())["servers"]
        assert (first["colour"], first["kind"], second) == ("blue", "ollama", strange)


@pytest.mark.expects_warnings
async def test_a_damaged_file_is_put_aside_and_the_version_before_returns(
    tmp_path: Path, backend: WorkingBackend
) -> None:
    async with opened(tmp_path, backend) as bench:
        await bench.remotes.add(draft("http://127.0.0.1:1"))
        await bench.remotes.add(draft("http://127.0.0.1:2", title="Second"))
    bench.file.write_text('{"servers": [')
    async with opened(tmp_path, backend) as bench:
        assert [one.name for one in bench.remotes.servers] == ["remote-lab-box"]
    assert (tmp_path / "remotes.json.damaged").read_text() == '{"servers": ['


async def test_the_file_is_for_the_owners_eyes_alone(bench: Bench) -> None:
    await bench.remotes.add(draft("http://127.0.0.1:1"))
    assert (await asyncio.to_thread(bench.file.stat)).st_mode & 0o077 == 0
