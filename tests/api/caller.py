"""Calls the HTTP API as a script would, and byte by byte where a script's library would not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from venom_desktop.api.server import ApiServer
from venom_desktop.app.paths import Paths
from venom_desktop.core.http import Client, Response
from venom_desktop.core.registry.activate import ActivateModel
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.services import Services

REPO = "tiny-lab/Tiny-Llama-GGUF"
NAME = f"{REPO}:Q8_0"


@dataclass(frozen=True, kw_only=True)
class Caller:
    client: Client
    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Response:
        headers = {**self.headers, **options.pop("headers", {})}
        place = path if path.startswith(("/v1", "/health", "/docs")) else f"/api/v1/{path}"
        return await self.client.request(method, self.url + place, json=body, headers=headers, **options)

    async def good(self, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        response = await self(method, path, body, **options)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """Status and reason code; the rest of the shape is checked here."""
        response = await self(method, path, body, **options)
        answer = response.json()
        assert answer["success"] is False
        assert isinstance(answer["error"], str)
        assert answer["error"].endswith((".", "?"))
        return response.status_code, answer["reason_code"]

    async def raw(self, request: bytes) -> tuple[int, dict[str, Any]]:
        """Send these bytes and read one answer with a JSON body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            return int(head.split()[1]), json.loads(await reader.readexactly(length))
        finally:
            writer.close()
            await writer.wait_closed()

    def request(self, line: str, *headers: str) -> bytes:
        """A request with the token; `headers` go after a Host that is ours unless they bring one."""
        host = (
            () if any(header.lower().startswith("host:") for header in headers) else (f"Host: 127.0.0.1:{self.port}",)
        )
        lines = (f"{line} HTTP/1.1", *host, f"Authorization: Bearer {self.token}", *headers, "", "")
        return "\r\n".join(lines).encode()


@dataclass(frozen=True, kw_only=True)
class Served:
    services: Services
    activating: ActivateModel
    server: ApiServer
    caller: Caller
    paths: Paths
    redactor: Redactor

    async def put_model(self, name: str = NAME, **options: Any) -> ModelMetadata:
        """A tiny model as if it had been installed."""
        file = write_tiny_llama(self.paths.models / f"{len(self.services.registry.manifest)}.gguf", **options)
        model = ModelMetadata(
            name=name,
            provider=ModelProvider.HUGGINGFACE,
            display_name=name.rpartition("/")[2],
            runtime="llama_cpp",
            local_path=file,
            files=(file.name,),
            size_bytes=file.stat().st_size,
            size_gb=round(file.stat().st_size / 10**9, 3),
        )
        await self.services.registry.manifest.put(model)
        return model

    async def activate(self, name: str = NAME, **options: Any) -> ModelMetadata:
        model = await self.put_model(name, **options)
        await self.services.registry.activate_model(name)
        return model


@asynccontextmanager
async def listening(served: Served) -> AsyncIterator[Any]:
    """A WebSocket on the stream of operations."""
    from websockets.asyncio.client import connect

    address = f"ws://127.0.0.1:{served.caller.port}/api/v1/models/operations/stream"
    async with connect(address, additional_headers=served.caller.headers, compression=None) as socket:
        yield socket


def offer(hub: HubServer, tiny_llama: Path) -> None:
    hub.add_repo(REPO, {"Tiny-Llama-Q8_0.gguf": tiny_llama})
