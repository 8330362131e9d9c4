"""The gateway's answer to one request: bytes as they come, and an error in whatever form is still possible."""

from venom_desktop.api.answers import Scope, Send, encoded, error_body, refuse
from venom_desktop.api.gateway_body import TAIL_BYTES
from venom_desktop.core.errors import VenomError
from venom_desktop.core.governance.gate import Call
from venom_desktop.core.http import Passed


class Answer:
    """Nothing is sent before the model's server has accepted the request, so a refusal keeps its status."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._begun = False
        self._ended = False

    async def stream(self, response: Passed, call: Call) -> bytes:
        """Hand on every piece at once; returns the end of what was sent."""
        tail = b""
        await self._begin(response.content_type, ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")))
        async for piece in response.pieces():
            call.first_token()
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            tail = (tail + piece)[-TAIL_BYTES:]
        return tail

    async def whole(self, response: Passed) -> bytes:
        """Read it all before any is sent: an answer that breaks off is then an error and no half answer."""
        content = await response.read()
        await self._begin(response.content_type, ((b"content-length", str(len(content)).encode()),))
        await self._send({"type": "http.response.body", "body": content})
        self._ended = True
        return content

    async def end(self) -> None:
        if not self._ended:
            self._ended = True
            await self._send({"type": "http.response.body", "body": b""})

    async def fail(self, error: VenomError) -> None:
        """A stream that has begun ends with an event that clients of OpenAI's wire understand."""
        if not self._begun:
            self._begun = self._ended = True
            await refuse(self._scope, self._send, error)
        elif not self._ended:
            self._ended = True
            event = b"data: " + encoded(error_body(error, for_gateway=True)) + b"\n\n"
            await self._send({"type": "http.response.body", "body": event})

    async def _begin(self, content_type: str, more: tuple[tuple[bytes, bytes], ...]) -> None:
        self._begun = True
        headers = [(b"content-type", content_type.encode("latin-1", "replace")), *more]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
