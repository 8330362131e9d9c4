"""What the release page says is read, and what it cannot mean is refused."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.core.runtimes.ollama_setup.conftest import ARCHIVE, NEW, OLD, ZST
from tests.fakes.hub_faults import Answers, failing, html, other_shape
from tests.fakes.hub_wire import Reply
from tests.fakes.ollama_archives import release_archive, rocm_archive
from tests.fakes.ollama_releases import PAGE, ReleaseServer
from venom_desktop.core.errors import (
    NotFound,
    ReleaseWithoutArchive,
    SourceBusy,
    SourceChanged,
    SourceUnreachable,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.http import make_client
from venom_desktop.core.runtimes.ollama_setup.machine import Machine, companions_of
from venom_desktop.core.runtimes.ollama_setup.releases import ReleasePage, parse_sums
from venom_desktop.core.runtimes.ollama_setup.versions import is_newer, parse_version

HERE = Machine(archive=ARCHIVE)


@pytest.fixture
def page() -> Iterator[ReleaseServer]:
    with ReleaseServer() as server:
        yield server


@pytest.fixture
async def releases(page: ReleaseServer) -> AsyncIterator[ReleasePage]:
    async with make_client() as http:
        yield ReleasePage(http, url=lambda: f"{page.url}/")


@pytest.mark.parametrize("as_api", [False, True])
async def test_the_latest_version_is_where_the_page_leads(
    page: ReleaseServer, releases: ReleasePage, *, as_api: bool
) -> None:
    page.as_api = as_api
    page.publish(OLD, {ZST: b"old"})
    page.publish(NEW, {ZST: b"new"})
    assert await releases.latest() == NEW


async def test_a_release_names_its_archive_with_size_and_checksum(page: ReleaseServer, releases: ReleasePage) -> None:
    content = release_archive(NEW)
    page.publish(NEW, {ZST: content, "OllamaSetup.exe": b"MZ", f"{ARCHIVE}-rocm.tar.zst": rocm_archive(NEW)})
    release = await releases.describe(NEW, HERE)
    assert [archive.file_name for archive in release.archives] == [ZST]
    assert (release.download_bytes, release.page) == (len(content), f"{page.url}/tag/v{NEW}")
    assert release.archives[0].url == f"{page.url}/download/v{NEW}/{ZST}"
    assert len(release.archives[0].sha256) == 64
    with_card = await releases.describe(NEW, Machine(archive=ARCHIVE, companions=("rocm", "jetpack6")))
    assert [archive.file_name for archive in with_card.archives] == [ZST, f"{ARCHIVE}-rocm.tar.zst"]


async def test_a_size_nobody_tells_is_unknown(page: ReleaseServer, releases: ReleasePage) -> None:
    page.publish(NEW, {ZST: b"new"})
    page.fault(failing(405), f"*{ZST}", method="HEAD")
    assert (await releases.describe(NEW, HERE)).download_bytes is None


@pytest.mark.parametrize(
    "sums", ["<!doctype html>", "\n", f"{'0' * 63}  ./{ZST}\n", f"{'0' * 64}  ./{ZST}\n" + "\n" * (1 << 20)]
)
async def test_a_list_that_is_none_counts_as_a_changed_page(
    page: ReleaseServer, releases: ReleasePage, sums: str
) -> None:
    page.publish(NEW, {ZST: b"new"}, sums=sums)
    with pytest.raises(SourceChanged):
        await releases.describe(NEW, HERE)


async def test_an_archive_without_a_checksum_is_not_offered(page: ReleaseServer, releases: ReleasePage) -> None:
    page.publish(NEW, {ZST: b"new"}, sums=f"{'0' * 64}  ./ollama-linux-arm64.tar.zst\n")
    with pytest.raises(ReleaseWithoutArchive, match=f"no archive {ARCHIVE} with a checksum for version {NEW}"):
        await releases.describe(NEW, HERE)


async def test_a_version_nobody_published_is_not_found(page: ReleaseServer, releases: ReleasePage) -> None:
    with pytest.raises(NotFound, match=r"Ollama 9\.9\.9"):
        await releases.describe("9.9.9", HERE)


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        (failing(500), UpstreamFailed),
        (failing(404), UpstreamFailed),
        (failing(429, retry_after_s=60), SourceBusy),
        (html(), SourceChanged),
        (other_shape({"tag_name": 5}), SourceChanged),
        (other_shape([]), SourceChanged),
        (Answers(reply=Reply(status=302, headers={"Location": f"{PAGE}/tag/nightly"})), SourceChanged),
        (Answers(reply=Reply(status=302, headers={"Location": f"{PAGE}/tag/v0.16.3%2f..%2f.."})), SourceChanged),
    ],
)
async def test_a_page_that_answers_otherwise_is_told(
    page: ReleaseServer, releases: ReleasePage, effect: Answers, error: type[VenomError]
) -> None:
    page.publish(NEW, {ZST: b"new"})
    page.fault(effect, f"{PAGE}/latest", times=None)
    with pytest.raises(error, match="release page"):
        await releases.latest()


async def test_a_page_that_is_down_is_unreachable(page: ReleaseServer, releases: ReleasePage) -> None:
    page.go_down()
    with pytest.raises(SourceUnreachable):
        await releases.latest()


async def test_a_safe_address_that_leads_to_an_unsafe_one_is_not_believed(page: ReleaseServer, tmp_path: Path) -> None:
    page.publish(NEW, {ZST: b"new"})
    certificate = tmp_path / "certificate.pem"
    with _safe_door(page.url, certificate) as url:
        async with make_client(certificate_file=certificate) as http:
            with pytest.raises(SourceChanged):
                await ReleasePage(http, url=lambda: url).latest()
    assert page.requests


@contextmanager
def _safe_door(leads_to: str, certificate: Path) -> Iterator[str]:
    """An https address whose every path is a redirect to the same path below `leads_to`."""
    if shutil.which("openssl") is None:
        pytest.skip("makes its certificate with openssl, which is not here")
    key = certificate.with_name("key.pem")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    made += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)

    class Redirects(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"{leads_to}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Redirects)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_list_of_checksums_is_read_as_sha256sum_writes_it() -> None:
    text = f"{'A' * 64}  ./one.tar.zst\n{'b' * 64} *two.tgz\r\n{'c' * 64}  ../three\nwords\n"
    assert parse_sums(text.encode()) == {"one.tar.zst": "a" * 64, "two.tgz": "b" * 64}


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v0.16.3", "0.16.3"),
        ("0.16.3-rc2", "0.16.3-rc2"),
        (" v1.0.0\n", "1.0.0"),
        ("0.16", None),
        ("v0.16.3/..", None),
        ("..", None),
        ("0.016.3", None),
        ("0.16.3-", None),
        ("0.16.3\n-rc1", None),
    ],
)
def test_a_version_is_three_numbers(text: str, version: str | None) -> None:
    assert parse_version(text) == version


def test_versions_are_compared_as_numbers() -> None:
    ordered = ["0.9.12", "0.16.0-rc1", "0.16.0-rc2", "0.16.0-rc10", "0.16.0", "0.16.3", "0.16.10", "1.0.0"]
    for place, older in enumerate(ordered):
        assert not is_newer(older, older)
        assert all(is_newer(newer, older) and not is_newer(older, newer) for newer in ordered[place + 1 :])


@pytest.mark.parametrize(
    ("files", "architecture", "companions"),
    [
        ({"sys/class/drm/card1/device/vendor": "0x1002\n"}, "amd64", ("rocm",)),
        ({"sys/class/drm/card1/device/vendor": "0x10de\n"}, "amd64", ()),
        ({"sys/class/drm/card1/device/vendor": "0x1002\n"}, "arm64", ()),
        ({"etc/nv_tegra_release": "# R36 (release), REVISION: 4.0"}, "arm64", ("jetpack6",)),
        ({}, "amd64", ()),
    ],
)
def test_what_a_graphics_card_needs_is_known(
    tmp_path: Path, files: dict[str, str], architecture: str, companions: tuple[str, ...]
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert companions_of(architecture, tmp_path) == companions
