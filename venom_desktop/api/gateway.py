"""OpenAI's wire to the active model: a raw ASGI path that hands bytes on, through the gate and measured."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from venom_desktop.api.answers import MethodNotAllowed, Receive, Scope, Send, refuse, send_json
from venom_desktop.api.auth import ClientGone, read_body
from venom_desktop.api.gateway_answer import Answer
from venom_desktop.api.gateway_body import GatewayRequest, addressed, parse, usage_of
from venom_desktop.core.errors import (
    ActiveModelGone,
    NoActiveModel,
    NotFound,
    RuntimeUnavailable,
    SourceBusy,
    UnknownModel,
    VenomError,
)
from venom_desktop.core.governance.base import CallRequest, Purpose, Target
from venom_desktop.core.governance.gate import Call
from venom_desktop.core.http import Passed, PassingClient
from venom_desktop.core.registry.capabilities import effective
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import Runtime, ServerRuntime
from venom_desktop.core.runtimes.openai_wire import failure
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.services import Services
from venom_desktop.core.tasks import TaskScope

LARGEST_BODY_BYTES = 32 << 20
"""A conversation with pictures in it."""
PASSED = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings")
MODELS = "/v1/models"
NOT_FOUND = 404


class Gateway:
    """Answers everything under /v1. Close it before the server: answers under way end then."""

    def __init__(self, services: Services, client: PassingClient) -> None:
        self._services = services
        self._client = client
        self._scope = TaskScope("gateway")
        self._under_way: set[asyncio.Timeout] = set()
        self._met = 0

    async def close(self) -> None:
        for patience in self._under_way:
            patience.reschedule(0)
        await self._scope.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            match scope["method"], scope["path"]:
                case "POST", path if path in PASSED:
                    request = parse(await read_body(scope, receive, LARGEST_BODY_BYTES))
                    await self._pass(path, request, receive, Answer(scope, send))
                case "GET", path if path == MODELS:
                    await send_json(send, {"object": "list", "data": self._models()})
                case method, path if path in (*PASSED, MODELS):
                    raise MethodNotAllowed(method=method, allowed="GET" if path == MODELS else "POST")
                case _:
                    raise NotFound(what="This address")
        except VenomError as error:
            await refuse(scope, send, error)
        except ClientGone:
            return

    async def _pass(self, path: str, request: GatewayRequest, receive: Receive, answer: Answer) -> None:
        """One call through the gate; what fails is told in the answer."""
        asked = CallRequest(
            target=self._target(request.model),
            purpose=Purpose.GATEWAY,
            prompt_tokens=request.prompt_tokens,
            max_tokens=request.max_tokens,
        )
        try:
            async with self._while_heard(receive), self._services.gate.call(asked) as call:
                await self._try_in_turn(call, path, request, answer)
        except VenomError as error:
            await answer.fail(error)
        except TimeoutError:
            # The client has gone, and then nobody reads this; or we are closing.
            await answer.fail(RuntimeUnavailable(runtime="The gateway"))

    async def _try_in_turn(self, call: Call, path: str, request: GatewayRequest, answer: Answer) -> None:
        while True:
            try:
                await self._ask(call, path, request, answer)
            except VenomError as error:
                following = call.fall_back(error)
                if following is None:
                    raise
                call.target = following
            else:
                return

    async def _ask(self, call: Call, path: str, request: GatewayRequest, answer: Answer) -> None:
        runtime = self._runtime(call.target.runtime)
        title = runtime.snapshot.title
        with runtime.passing() as upstream:
            adapted = addressed(request, upstream.model, takes_system=self._takes_system(call.target))
            headers = {"Content-Type": "application/json", **upstream.headers}
            address = f"{upstream.base_url}{path}"
            post = upstream.post or self._client.post
            async with post(
                address, adapted.content, headers=headers, source=title, streamed=request.streamed
            ) as response:
                if response.status == NOT_FOUND and isinstance(runtime, ServerRuntime):
                    raise ActiveModelGone(model_name=upstream.model)
                if response.status != 200:
                    raise await _refusal(response, source=title)
                if request.streamed:
                    tail = await answer.stream(response, call)
                else:
                    tail = await answer.whole(response)
            call.finish(usage_of(tail, streamed=request.streamed))
        await answer.end()

    def _target(self, model: str) -> Target:
        """Whoever is active answers, under whatever installed name it is asked for. Raises `UnknownModel`."""
        if model and model not in self._services.registry.inventory:
            raise UnknownModel(model_name=f"{model:.200}")
        active = self._services.active.snapshot.key
        if active is None:
            raise NoActiveModel
        return Target(runtime=active.runtime, model=active.name)

    def _runtime(self, name: str) -> Runtime:
        """Raises `ProfileForbidsRuntime`, `RuntimeUnavailable`."""
        RuntimeProfile(self._services.settings.snapshot.runtime_profile.value).require(name)
        if name not in self._services.runtimes:
            raise RuntimeUnavailable(runtime=name)
        return self._services.runtimes[name]

    def _takes_system(self, target: Target) -> bool:
        """What is unknown is left to the model's own template."""
        model = self._services.registry.inventory.get(ModelKey(name=target.model, runtime=target.runtime))
        return model is None or effective(model).supports_system_role is not False

    def _models(self) -> list[dict[str, Any]]:
        """The one that answers now, or nothing."""
        active = self._services.active.snapshot.key
        model = None if active is None else self._services.registry.inventory.get(active)
        if model is None:
            return []
        created = 0 if model.installed_at is None else int(model.installed_at.timestamp())
        return [{"id": model.name, "object": "model", "created": created, "owned_by": model.runtime}]

    @asynccontextmanager
    async def _while_heard(self, receive: Receive) -> AsyncIterator[None]:
        """Raises `TimeoutError` inside when the client has gone or the gateway closes."""
        self._met += 1
        watch = f"client {self._met}"
        async with asyncio.timeout(None) as patience:
            self._under_way.add(patience)
            self._scope.start(watch, _give_up_when_gone(receive, patience))
            try:
                yield
            finally:
                self._under_way.discard(patience)
                self._scope.cancel(watch)


async def _give_up_when_gone(receive: Receive, patience: asyncio.Timeout) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    patience.reschedule(0)


async def _refusal(response: Passed, *, source: str) -> VenomError:
    """An error answer of the model's server as a failure of ours."""
    if response.retry_after_s is not None:
        return SourceBusy(source=source, retry_after_s=response.retry_after_s)
    content = await response.read()
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        told = content.decode("utf-8", "replace")
    error = told.get("error", told) if isinstance(told, dict) else told
    return failure(error, status=response.status, source=source)
