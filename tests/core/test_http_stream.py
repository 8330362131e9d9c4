"""The blocking stream: proxies, certificates, waits and addresses."""

import email.utils
import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from venom_desktop.core.http_stream import ConnectionBroke, open_stream, origin, retry_after_s


@dataclass
class Heard:
    """What a small server was asked, request lines and headers in lower case."""

    url: str = ""
    lines: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


def serve(heard: Heard, context: ssl.SSLContext | None = None) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.lines.append(self.requestline)
            heard.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"bytes")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    heard.url = f"{'http' if context is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


@pytest.fixture
def heard() -> Iterator[Heard]:
    heard = Heard()
    with serve(heard) as server:
        yield heard
        server.shutdown()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def fetched(url: str, **options: Path) -> bytes:
    with open_stream(url, headers={"Range": "bytes=0-"}, connect_s=5, stall_s=5, **options) as stream:
        assert stream.status == 200
        assert stream.length_bytes == 5
        return stream.read(100) + stream.read(100)


def test_the_body_and_the_headers_pass(heard: Heard) -> None:
    assert fetched(f"{heard.url}/a b/ü?x=1&y=%2F") == b"bytes"
    assert heard.lines == ["GET /a%20b/%C3%BC?x=1&y=%2F HTTP/1.1"]
    assert heard.headers[0]["range"] == "bytes=0-"
    assert heard.headers[0]["accept-encoding"] == "identity"


def test_a_proxy_of_the_environment_is_used_with_its_password(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", heard.url.replace("//", "//user:p%40ss@"))
    assert fetched("http://hub.test/model.gguf?x=1") == b"bytes"
    assert heard.lines == ["GET http://hub.test/model.gguf?x=1 HTTP/1.1"]
    assert heard.headers[0]["proxy-authorization"] == "Basic dXNlcjpwQHNz"
    assert heard.headers[0]["host"] == "hub.test"


def test_hosts_outside_the_proxy_are_reached_directly(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert fetched(f"{heard.url}/x") == b"bytes"
    assert heard.lines == ["GET /x HTTP/1.1"]


def test_a_certificate_is_checked_and_an_own_authority_can_be_named(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("makes its certificate with openssl, which is not here")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    made += [
        "-keyout",
        str(key),
        "-out",
        str(certificate),
        "-subj",
        "/CN=here",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard = Heard()
    with serve(heard, context) as server:
        assert fetched(f"{heard.url}/x", certificate_file=certificate) == b"bytes"
        with pytest.raises(ConnectionBroke):
            fetched(f"{heard.url}/x")
        server.shutdown()


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://Hub.Example/x", ("https", "hub.example", 443)),
        ("http://hub.example:80", ("http", "hub.example", 80)),
        ("https://hub.example:8443/x", ("https", "hub.example", 8443)),
        ("https://hub.example@evil.example/", ("https", "evil.example", 443)),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, same: tuple[str, str, int]) -> None:
    assert origin(url) == same


@pytest.mark.parametrize("url", ["file:///x", "hub.example", "", "http://", "http://hub:x/"])
def test_what_is_no_http_address_has_no_origin(url: str) -> None:
    with pytest.raises(ValueError, match=r"http|Port"):
        origin(url)


def test_waits_are_read_as_seconds_and_as_dates() -> None:
    soon = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert retry_after_s({"retry-after": "7"}) == 7
    assert 58 <= retry_after_s({"retry-after": soon}) <= 60
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after_s({"retry-after": "soon"}) == 30
    assert retry_after_s({}) == 30
    assert retry_after_s({"retry-after": "9" * 5000}) == 999_999_999
