"""A Hugging Face hub on a loopback port, with repositories, accounts and faults of the test's choosing."""

import socket
import threading
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Literal, Self

from tests.fakes.hub_contents import Contents
from tests.fakes.hub_faults import Effect, Fault
from tests.fakes.hub_routes import Routes
from tests.fakes.hub_send import FaultySender
from tests.fakes.hub_wire import Answer, Reply, Request, WireServer

WAIT_S = 20.0


class HubServer(Contents):
    """Runs inside `with`; leaving it fails the test if the stand-in itself made a mistake.

    With `cdn`, large files are redirected to a second host (`localhost` instead of `127.0.0.1`, another port) that
    refuses a request with a token, so a token carried across shows twice: in `requests` and as a failed download.
    `anonymous_missing_is_401` answers like huggingface.co: who is not signed in gets 401 for a missing repository.
    """

    def __init__(self, *, cdn: bool = False, anonymous_missing_is_401: bool = False) -> None:
        super().__init__()
        self._routes = Routes(self.store, self.press)
        self._routes.anonymous_missing_is_401 = anonymous_missing_is_401
        self._sender = FaultySender()
        self._requests: list[Request] = []
        self._noted = threading.Condition()
        self._hub = self._serve("hub", self._routes.hub)
        self._cdn = self._serve("cdn", self._routes.cdn)
        self.url = self._routes.base = f"http://127.0.0.1:{self._hub.port}"
        self.cdn_url = f"http://localhost:{self._cdn.port}"
        if cdn:
            self._routes.cdn_base = self.cdn_url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        mistakes = self._hub.mistakes + self._cdn.mistakes
        if mistakes and error is None:
            raise mistakes[0]

    def stop(self) -> None:
        # Cut first, release afterwards: what stalls must not be sent after all.
        self.go_down()
        self._sender.clear()
        self._hub.stop()
        self._cdn.stop()

    # What goes wrong

    def fault(
        self,
        effect: Effect,
        pattern: str = "*",
        *,
        times: int | None = 1,
        method: str | None = None,
        side: Literal["hub", "cdn"] | None = None,
    ) -> Fault:
        """Let `effect` happen to the next `times` (None: all) answers whose path matches `pattern` (`*` takes any)."""
        return self._sender.add(Fault(effect=effect, pattern=pattern, method=method, side=side, times=times))

    def clear_faults(self) -> None:
        self._sender.clear()

    def go_down(self) -> None:
        """Refuse connections and end the open ones, second host included, until `come_back`; the port stays ours."""
        self._hub.go_down()
        self._cdn.go_down()

    def come_back(self) -> None:
        self._hub.come_back()
        self._cdn.come_back()

    def expire_links(self) -> None:
        """Signed addresses of the second host handed out so far answer 403 from now on."""
        self._routes.link_generation += 1

    def set_page_rows(self, rows: int) -> None:
        """The most rows the hub gives on one page (1,000 unless told)."""
        self._routes.listing.page_rows = rows

    # What was asked

    @property
    def requests(self) -> list[Request]:
        with self._noted:
            return list(self._requests)

    def requests_for(self, pattern: str, *, method: str | None = None, side: str | None = None) -> list[Request]:
        return [
            request
            for request in self.requests
            if fnmatchcase(request.path, pattern) and method in (None, request.method) and side in (None, request.side)
        ]

    def wait_for(self, pattern: str, *, method: str | None = None, count: int = 1, timeout_s: float = WAIT_S) -> None:
        """Wait until so many matching requests have come in; blocks, so use a thread beside an event loop."""

        def came() -> bool:
            return len(self.requests_for(pattern, method=method)) >= count

        with self._noted:
            if not self._noted.wait_for(came, timeout_s):
                raise TimeoutError(f"no {method or 'request'} for {pattern} within {timeout_s} s")

    def forget_requests(self) -> None:
        with self._noted:
            self._requests.clear()

    def _serve(self, side: str, answer: Answer) -> WireServer:
        def hear(request: Request) -> Reply:
            with self._noted:
                self._requests.append(request)
                self._noted.notify_all()
            return answer(request)

        def send(connection: socket.socket, request: Request, reply: Reply) -> bool:
            return self._sender.send(connection, request, reply, answer=answer)

        return WireServer(side, hear, send)
