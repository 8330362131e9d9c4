"""The way to the bytes: redirects followed by hand, the token kept to its host, refusals told apart."""

from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from venom_desktop.core.downloads.job import TransferLimits
from venom_desktop.core.errors import (
    GatedRepository,
    NotFound,
    SourceChanged,
    StayingOffline,
    TokenRefused,
    UnknownRepository,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.http_stream import Stream, open_stream, origin, retry_after_s
from venom_desktop.core.offline import host_of, is_this_machine_at

_MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 500, 502, 503, 504})


class TryAgain(Exception):
    """A failure that may pass; `final` is what to raise when patience ends."""

    def __init__(self, final: VenomError | None = None) -> None:
        super().__init__(final)
        self.final = final


class ToldToWait(Exception):
    """The server named the seconds until the next request."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who is asked, with which token."""

    name: str
    token: str | None
    token_host: str | None
    limits: TransferLimits
    certificate_file: Path | None = None
    only_here: bool = False

    def open(self, url: str, headers: dict[str, str]) -> Stream:
        """The answer 200, 206 or 416 at the end of the redirects.

        Raises `TryAgain`, `ToldToWait`, one of `ConnectionBroke`, or the refusal in our words.
        """
        address = url
        for _ in range(_MOST_REDIRECTS):
            stream = self._ask(address, headers)
            if stream.status in (200, 206, 416):
                return stream
            with stream:
                if stream.status not in _REDIRECTS:
                    raise self._refusal(stream, url, address)
                address = self._next_address(address, stream.headers)
        raise SourceChanged(source=self.name)

    def _ask(self, address: str, headers: dict[str, str]) -> Stream:
        try:
            return open_stream(
                address,
                headers={**headers, **self._authorization(address)},
                connect_s=self.limits.connect_s,
                stall_s=self.limits.stall_s,
                certificate_file=self.certificate_file,
            )
        except ValueError as error:
            raise SourceChanged(source=self.name) from error

    def _authorization(self, address: str) -> dict[str, str]:
        if self.token is None or self.token_host is None or origin(address) != origin(self.token_host):
            return {}
        return {"Authorization": f"Bearer {self.token}"}

    def _next_address(self, address: str, headers: Message) -> str:
        try:
            following = urljoin(address, str(headers.get("location") or ""))
            scheme, *_ = origin(following)
        except ValueError as error:
            raise SourceChanged(source=self.name) from error
        if origin(address)[0] == "https" and scheme != "https":
            raise SourceChanged(source=self.name)
        if self.only_here and not is_this_machine_at(following):
            raise StayingOffline(source=host_of(following))
        return following

    def _refusal(self, stream: Stream, url: str, address: str) -> Exception:
        status = stream.status
        failed = UpstreamFailed(source=self.name, status=status)
        if status == 429 or (status == 503 and "retry-after" in stream.headers):
            return ToldToWait(retry_after_s(stream.headers))
        if status in _PASSING:
            return TryAgain(failed)
        if status in (401, 403, 404, 410) and origin(address) != origin(url):
            # The signed address behind a redirect runs out; asking the hub again gives a fresh one.
            return TryAgain(failed)
        if status in (401, 403, 404, 410):
            return self._hub_refusal(status, str(stream.headers.get("x-error-code") or ""), url)
        return failed

    def _hub_refusal(self, status: int, code: str, url: str) -> VenomError:
        """Hugging Face names the reason in `X-Error-Code`, and hides private repositories behind 401."""
        repository = repository_of(url)
        file_name = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
        with_token = bool(self._authorization(url))
        match status, code:
            case ((401 | 403), "GatedRepo"):
                return GatedRepository(model_name=repository or file_name)
            case _, "RepoNotFound":
                return UnknownRepository(model_name=repository or file_name)
            case ((401 | 403), _) if with_token:
                return TokenRefused(source=self.name)
            case 403, _:
                return UpstreamFailed(source=self.name, status=status)
            case ((404 | 410), ("EntryNotFound" | "RevisionNotFound")):
                return NotFound(what=f"{file_name} at {self.name}")
            case _ if repository is None:
                return NotFound(what=f"{file_name} at {self.name}")
            case _:
                return UnknownRepository(model_name=repository)


def repository_of(url: str) -> str | None:
    """`org/name` out of a hub's file address, None where it is another kind of address."""
    before, mark, _ = unquote(urlsplit(url).path).partition("/resolve/")
    parts = before.strip("/").split("/")
    return "/".join(parts[-2:]) if mark and parts[-1] else None
