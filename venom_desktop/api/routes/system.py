"""Runtimes: their state, start, stop and restart, and which one answers."""

from fastapi import APIRouter
from starlette.responses import Response

from venom_desktop.api.payloads import Json, active_payload, profile_payload, runtime_payload
from venom_desktop.api.replies import reply
from venom_desktop.api.schemas import ActiveServer, Confirmation, ProfileChoice
from venom_desktop.core.errors import NeedsConfirmation, NoActiveModel, RemoteControl, UnknownRuntime
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.runtimes.base import Control, Runtime, ServerRuntime
from venom_desktop.core.runtimes.profiles import RuntimeProfile, parse_profile
from venom_desktop.core.services import Services


class SystemRoutes:
    def __init__(self, services: Services) -> None:
        self._services = services

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/system/llm-servers", self.servers, methods=["GET"])
        router.add_api_route("/system/llm-servers/active", self.active, methods=["GET"])
        router.add_api_route("/system/llm-servers/active", self.activate, methods=["POST"])
        router.add_api_route("/system/llm-runtime/active", self.active, methods=["GET"])
        router.add_api_route("/system/profile", self.profile, methods=["GET"])
        router.add_api_route("/system/profile", self.change_profile, methods=["POST"])
        for verb in (self.start, self.stop, self.restart):
            router.add_api_route(f"/system/llm-servers/{{name}}/{verb.__name__}", verb, methods=["POST"])

    async def servers(self) -> Response:
        """Every runtime that the profile offers."""
        offered = [self._payload(runtime) for runtime in self._offered().values()]
        return reply({"success": True, "servers": offered, "count": len(offered)})

    async def active(self) -> Response:
        """What answers now, with the last model of each runtime."""
        return reply(self._active())

    async def activate(self, body: ActiveServer) -> Response:
        """Switch to a runtime and a model on it."""
        runtime = self._runtime(body.server_name)
        wanted = body.model_name or body.model or self._last_model(runtime.name)
        await self._services.registry.activate_model(wanted, runtime.name, confirm=body.confirm)
        return reply({**self._active(), "message": f"{wanted} is active"})

    async def start(self, name: str) -> Response:
        """Start a runtime; one that serves a single model starts with the one it answered with last."""
        runtime = self._own(name)
        if isinstance(runtime, ServerRuntime):
            await runtime.start()
        elif not runtime.snapshot.loaded:
            await self._services.registry.activate_model(self._last_model(name), name)
        return self._answer(runtime)

    async def stop(self, name: str, body: Confirmation | None = None, confirm: bool = False) -> Response:
        """End a runtime's process and free its memory; what is being answered breaks off, so that is asked first."""
        runtime, confirmed = self._own(name), _is_confirmed(body, confirm)
        _ask_before_break(runtime, confirmed=confirmed)
        self._services.crash_watch.stay_down(name)
        await runtime.stop(force=confirmed)
        return self._answer(runtime)

    async def restart(self, name: str, body: Confirmation | None = None, confirm: bool = False) -> Response:
        """Stop and start with the same model; a server that loads on demand comes back empty."""
        runtime, confirmed = self._own(name), _is_confirmed(body, confirm)
        _ask_before_break(runtime, confirmed=confirmed)
        if isinstance(runtime, ServerRuntime):
            if confirmed and runtime.snapshot.control is Control.EXTERNAL:
                await runtime.stop(force=True)
                await runtime.start()
            else:
                await runtime.restart()
            return self._answer(runtime)
        model = self._last_model(name)
        await runtime.stop(force=confirmed)
        await self._services.registry.activate_model(model, name)
        return self._answer(runtime)

    async def profile(self) -> Response:
        """Which runtimes are offered, and who decided that."""
        return reply(profile_payload(self._services.settings))

    async def change_profile(self, body: ProfileChoice) -> Response:
        """Choose another profile; what it forbids and runs is stopped, so that is asked first."""
        await self._services.profiles.change(parse_profile(body.profile), confirm=body.confirm)
        return reply(profile_payload(self._services.settings))

    def _offered(self) -> dict[str, Runtime]:
        profile = RuntimeProfile(self._services.settings.snapshot.runtime_profile.value)
        return {name: runtime for name, runtime in self._services.runtimes.items() if profile.allows(name)}

    def _runtime(self, name: str) -> Runtime:
        """Raises `ProfileForbidsRuntime`, `UnknownRuntime`."""
        RuntimeProfile(self._services.settings.snapshot.runtime_profile.value).require(name)
        offered = self._offered()
        if name not in offered:
            raise UnknownRuntime(runtime=f"{name:.60}", known=", ".join(offered) or "none")
        return offered[name]

    def _own(self, name: str) -> Runtime:
        """As `_runtime`, for what is started and stopped. Raises `RemoteControl` for a server elsewhere."""
        runtime = self._runtime(name)
        if is_remote(name):
            raise RemoteControl(server=runtime.snapshot.title)
        return runtime

    def _last_model(self, runtime: str) -> str:
        """Raises `NoActiveModel` when nothing was ever activated there."""
        model = self._services.active.snapshot.last_models.get(runtime)
        if model is None:
            raise NoActiveModel
        return model

    def _active(self) -> Json:
        active = self._services.active.snapshot
        runtime = self._services.runtimes.get(active.key.runtime) if active.key else None
        difference = self._services.state_check.look()
        told = None if difference is None else {"reason_code": difference.reason_code, "message": str(difference)}
        return {**active_payload(active, runtime.snapshot if runtime is not None else None), "difference": told}

    def _answer(self, runtime: Runtime) -> Response:
        return reply({"success": True, "server": self._payload(runtime)})

    def _payload(self, runtime: Runtime) -> Json:
        """With what is planned after a crash."""
        return {**runtime_payload(runtime.snapshot), **self._after_crash(runtime.name)}

    def _after_crash(self, name: str) -> Json:
        watch = self._services.crash_watch
        return {"restarts_in_s": watch.returns_in_s(name), "gave_up_restarting": watch.gave_up(name)}


def _is_confirmed(body: Confirmation | None, confirm: bool) -> bool:
    return confirm or (body is not None and body.confirm)


def _ask_before_break(runtime: Runtime, *, confirmed: bool) -> None:
    answering = runtime.snapshot.answering
    if answering and not confirmed:
        answers = "1 answer" if answering == 1 else f"{answering} answers"
        raise NeedsConfirmation(question=f"{runtime.snapshot.title} is giving {answers}. Confirm to break off.")
