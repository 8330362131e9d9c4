"""A server elsewhere that speaks OpenAI's wire, with a key it asks for and faults of the test's choosing."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.faulty_server import FaultyServer
from tests.fakes.hub_wire import Reply, Request, as_json, data

SPEECH = ("Good", " morning", "!")


class OpenAiStandIn(FaultyServer):
    """`models` are ids or whole rows of `/v1/models`; without `key` everybody is answered.

    Errors are told in OpenAI's shape. `moved_to` makes every answer a redirect to that address.
    """

    def __init__(
        self,
        *models: str | Mapping[str, Any],
        key: str | None = None,
        owner: str = "vllm",
        speech: Sequence[str] = SPEECH,
    ) -> None:
        super().__init__()
        self.models = [model if isinstance(model, Mapping) else {"id": model, "owned_by": owner} for model in models]
        self.key = key
        self.speech = tuple(speech)
        self.moved_to: str | None = None
        self._wire = self._serve("openai", self._answer)

    @property
    def port(self) -> int:
        return self._wire.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tokens(self) -> set[str | None]:
        """Every key that came in, None for a request without one."""
        return {request.token for request in self.requests}

    def bodies(self, path: str = "/v1/chat/completions") -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.requests_for(path)]

    def _answer(self, request: Request) -> Reply:
        if self.moved_to is not None:
            return Reply(status=307, headers={"Location": f"{self.moved_to}{request.target}"})
        if self.key is not None and request.token != self.key:
            return _refused(401, "Incorrect API key provided.", kind="invalid_api_key")
        match request.method, request.path:
            case "GET", "/v1/models":
                return as_json({"object": "list", "data": self.models})
            case "POST", "/v1/chat/completions":
                return self._chat(json.loads(request.body))
            case "POST", "/v1/embeddings":
                rows = [{"object": "embedding", "index": 0, "embedding": [0.25, 0.5]}]
                return as_json({"object": "list", "data": rows, "usage": {"prompt_tokens": 3, "total_tokens": 3}})
            case _:
                return _refused(404, "Not found.", kind="not_found")

    def _chat(self, body: Mapping[str, Any]) -> Reply:
        if body["model"] not in {model["id"] for model in self.models}:
            return _refused(404, f"The model `{body['model']}` does not exist.", kind="model_not_found")
        words = self.speech[: body.get("max_tokens") or None]
        usage = {"prompt_tokens": 5, "completion_tokens": len(words), "total_tokens": 5 + len(words)}
        if not body.get("stream"):
            message = {"role": "assistant", "content": "".join(words)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return as_json({"object": "chat.completion", "choices": [choice], "usage": usage})
        deltas = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        events = [*deltas, last, {"choices": [], "usage": usage}]
        stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        return data(stream.encode(), "text/event-stream")


def _refused(status: int, message: str, *, kind: str) -> Reply:
    return as_json({"error": {"message": message, "type": kind, "code": kind}}, status=status)
