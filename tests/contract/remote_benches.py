"""Servers elsewhere for the contract suite: a remote runtime before a server that is somebody else's to run."""

from dataclasses import replace

from tests.contract.runtime_benches import VllmBench
from tests.core.runtimes import ollama_bench
from tests.core.runtimes.remote_bench import QUICK, draft, given
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.remote import Remote
from venom_desktop.core.runtimes.remote_base import RemoteKind, RemoteServer
from venom_desktop.core.runtimes.vllm import Vllm


def server_at(url: str, kind: RemoteKind) -> RemoteServer:
    return RemoteServer.of(draft(url, kind=kind).checked(), name="remote-lab-box", key_name="remote.1")


class Served(Remote):
    """Whoever runs the vLLM there serves what is about to be loaded here."""

    def __init__(self, host: Vllm, url: str) -> None:
        async def key() -> str:
            return host.upstream().headers["Authorization"].removeprefix("Bearer ")

        super().__init__(server_at(url, RemoteKind.OPENAI), key, pace=QUICK)
        self._host = host

    async def load(self, model: ModelMetadata, settings: LoadSettings) -> None:
        await self._host.load(model, settings)
        await super().load(replace(model, runtime=self.name), settings)


class RemoteVllmBench(ollama_bench.Heard[Remote]):
    """An OpenAI-compatible server: `elsewhere` with its models, as far as it answers."""

    def __init__(self, elsewhere: VllmBench) -> None:
        super().__init__(Served(elsewhere.runtime, f"http://127.0.0.1:{elsewhere.options.port}"))
        self.model, self.is_answering, self.speech = elsewhere.model, elsewhere.is_answering, elsewhere.speech


class RemoteOllamaBench(ollama_bench.Heard[Remote]):
    """`elsewhere` is the server with its models."""

    def __init__(self, elsewhere: ollama_bench.Bench) -> None:
        self.folder, self.models, self.client = elsewhere.folder, elsewhere.models, elsewhere.client
        super().__init__(Remote(server_at(elsewhere.url, RemoteKind.OLLAMA), given(None), pace=QUICK))
