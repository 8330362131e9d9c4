"""A stand-in on one or two loopback ports whose answers can be made to go wrong, and that remembers what was asked."""

import socket
import threading
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Self

from tests.fakes.hub_faults import Effect, Fault
from tests.fakes.hub_send import FaultySender
from tests.fakes.hub_wire import Answer, Reply, Request, WireServer

WAIT_S = 60.0


class FaultyServer:
    """Runs inside `with`; leaving it fails the test if the stand-in itself made a mistake."""

    def __init__(self) -> None:
        super().__init__()
        self._sender = FaultySender()
        self._requests: list[Request] = []
        self._noted = threading.Condition()
        self._wires: list[WireServer] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        mistakes = [mistake for wire in self._wires for mistake in wire.mistakes]
        if mistakes and error is None:
            raise mistakes[0]

    def stop(self) -> None:
        # Cut first, release afterwards: what stalls must not be sent after all.
        self.go_down()
        self._sender.clear()
        for wire in self._wires:
            wire.stop()

    # What goes wrong

    def fault(
        self,
        effect: Effect,
        pattern: str = "*",
        *,
        times: int | None = 1,
        method: str | None = None,
        side: str | None = None,
    ) -> Fault:
        """Let `effect` happen to the next `times` (None: all) answers whose path matches `pattern` (`*` takes any)."""
        return self._sender.add(Fault(effect=effect, pattern=pattern, method=method, side=side, times=times))

    def clear_faults(self) -> None:
        self._sender.clear()

    def go_down(self) -> None:
        """Refuse connections and end the open ones until `come_back`; the ports stay ours."""
        for wire in self._wires:
            wire.go_down()

    def come_back(self) -> None:
        for wire in self._wires:
            wire.come_back()

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

        wire = WireServer(side, hear, send)
        self._wires.append(wire)
        return wire
