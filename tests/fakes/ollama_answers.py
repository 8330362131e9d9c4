"""How the stand-in loads models and answers questions: generate, chat, embed, and OpenAI's shapes beside them."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.gguf_llama import SPEECH
from tests.fakes.hub_wire import Reply, Request, as_json
from tests.fakes.ollama_descriptions import known, moment
from tests.fakes.ollama_memory import BadDurationError, Loaded, Memory, now
from tests.fakes.ollama_names import parse
from tests.fakes.ollama_send import streamed
from tests.fakes.ollama_store import Store, Stored

PIECE_NS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """What a model answers, a word a line; `tool_calls` as (name, arguments)."""

    text: str = SPEECH
    thinking: str = ""
    tool_calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    done_reason: str = "stop"


def refused(status: int, words: str) -> Reply:
    return as_json({"error": words}, status=status)


def body_of(request: Request) -> dict[str, Any]:
    body = json.loads(request.body or b"{}")
    assert isinstance(body, dict)
    return body


@dataclass(slots=True, kw_only=True)
class Answers:
    store: Store
    memory: Memory
    say: Say = field(default_factory=Say)

    def generate(self, request: Request) -> Reply:
        body = body_of(request)
        stored = self._stored(body)
        if isinstance(stored, Reply):
            return stored
        prompt = body.get("prompt") or ""
        if not prompt and _is_nothing(body.get("keep_alive")):
            self.memory.drop(stored)
            return _done(body, "unload", response="")
        if "embedding" in known(self.store, stored).capabilities:
            return refused(400, f'"{body["model"]}" does not support generate')
        loaded = self._load(stored, body)
        if isinstance(loaded, Reply):
            return loaded
        if not prompt:
            return _done(body, "load", response="")
        if body.get("stream") is False:
            *_, last = self._words(body, loaded, prompt, key="response")
            return as_json({**last, "response": self.say.text})
        return streamed(lambda: self._words(body, loaded, prompt, key="response"))

    def chat(self, request: Request) -> Reply:
        body = body_of(request)
        if parse(str(body.get("model", ""))) is None:
            return refused(400, "model is required")
        stored = self._stored(body)
        if isinstance(stored, Reply):
            return stored
        messages = body.get("messages") or []
        if not messages and _is_nothing(body.get("keep_alive")):
            self.memory.drop(stored)
            return _done(body, "unload", message={"role": "assistant", "content": ""})
        if wrong := self._unable(body, stored):
            return wrong
        loaded = self._load(stored, body)
        if isinstance(loaded, Reply):
            return loaded
        if not messages:
            return _done(body, "load", message={"role": "assistant", "content": ""})
        prompt = "\n".join(str(message.get("content", "")) for message in messages)
        if body.get("stream") is False:
            *_, last = self._words(body, loaded, prompt, key="message")
            return as_json({**last, "message": {"role": "assistant", "content": self.say.text}})
        return streamed(lambda: self._words(body, loaded, prompt, key="message"))

    def embed(self, request: Request) -> Reply:
        body = body_of(request)
        stored = self._stored(body)
        if isinstance(stored, Reply):
            return stored
        loaded = self._load(stored, body)
        if isinstance(loaded, Reply):
            return loaded
        told = body.get("input") or []
        texts = [told] if isinstance(told, str) else told
        answer: dict[str, Any] = {"model": body["model"], "embeddings": [_vector(text) for text in texts]}
        if texts:
            answer |= {"total_duration": PIECE_NS, "prompt_eval_count": sum(len(text.split()) for text in texts)}
        return as_json(answer)

    def vectors(self, request: Request) -> Reply:
        """`/v1/embeddings` of a model that is there."""
        content = self.embed(request).content
        told = json.loads(content) if isinstance(content, bytes) else {}
        rows = [{"object": "embedding", "index": at, "embedding": one} for at, one in enumerate(told["embeddings"])]
        usage = {"prompt_tokens": told["prompt_eval_count"], "total_tokens": told["prompt_eval_count"]}
        return as_json({"object": "list", "data": rows, "model": told["model"], "usage": usage})

    def completions(self, request: Request) -> Reply:
        """`/v1/chat/completions`, with text alone."""
        body = body_of(request)
        stored = self._stored(body)
        if isinstance(stored, Reply):
            told = json.loads(stored.content) if isinstance(stored.content, bytes) else {}
            error = {"message": told["error"], "type": "api_error", "param": None, "code": None}
            return as_json({"error": error}, status=stored.status)
        loaded = self._load(stored, body)
        if isinstance(loaded, Reply):
            return loaded
        if body.get("stream"):
            return streamed(lambda: self._events(body), kind="text/event-stream")
        message = {"role": "assistant", "content": self.say.text}
        choice = {"index": 0, "message": message, "finish_reason": self.say.done_reason}
        usage = self._usage(len(_split(self.say.text)) + 1)
        return as_json({**_completion(body, "chat.completion"), "choices": [choice], "usage": usage})

    def _events(self, body: Mapping[str, Any]) -> Iterator[bytes]:
        common = _completion(body, "chat.completion.chunk")
        words = _split(self.say.text)
        said = words[: body.get("max_tokens") or None]
        for word in said:
            delta = {"role": "assistant", "content": word}
            yield _event({**common, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        reason = "length" if len(said) < len(words) else self.say.done_reason
        last = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": reason}
        yield _event({**common, "choices": [last]})
        if (body.get("stream_options") or {}).get("include_usage"):
            usage = self._usage(len(said) if reason == "length" else len(words) + 1)
            yield _event({**common, "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    def _usage(self, count: int) -> dict[str, int]:
        return {"prompt_tokens": 4, "completion_tokens": count, "total_tokens": count + 4}

    def _words(self, body: Mapping[str, Any], loaded: Loaded, prompt: str, *, key: str) -> Iterator[dict[str, Any]]:
        most = (body.get("options") or {}).get("num_predict")
        asked = body.get("format")
        words = [json.dumps(_instance(asked))] if isinstance(asked, dict) else _split(self.say.text)
        count = most if isinstance(most, int) and 0 <= most < len(words) else len(words)
        cut = count < len(words)
        thinks = body.get("think") is not False and self.say.thinking
        for thought in _split(self.say.thinking) if thinks else ():
            yield _line(body, _piece(key, "", thinking=thought))
        for word in words[:count]:
            yield _line(body, _piece(key, word))
        for name, arguments in self.say.tool_calls:
            call = {"id": "call_x", "function": {"index": 0, "name": name, "arguments": dict(arguments)}}
            yield _line(body, _piece(key, "", tool_calls=[call]))
        self.memory.used(loaded)
        count += not cut
        counts = {"prompt_eval_count": len(prompt.split()) + 3, "prompt_eval_duration": PIECE_NS, "eval_count": count}
        spent = {"total_duration": PIECE_NS * 20, "load_duration": PIECE_NS, "eval_duration": PIECE_NS * max(count, 1)}
        reason = "length" if cut else self.say.done_reason
        yield {**_line(body, _piece(key, "")), "done": True, "done_reason": reason, **spent, **counts}

    def _unable(self, body: Mapping[str, Any], stored: Stored) -> Reply | None:
        can = known(self.store, stored).capabilities
        if body.get("think") and "thinking" not in can:
            return refused(400, f'"{body["model"]}" does not support thinking')
        if body.get("tools") and "tools" not in can:
            return refused(400, f"{stored.name.full} does not support tools")
        if "completion" not in can:
            return refused(400, f'"{body["model"]}" does not support chat')
        if body.get("format") not in (None, "", "json") and not isinstance(body["format"], dict):
            asked = json.dumps(json.dumps(body["format"]))
            return refused(500, f'invalid format: {asked}; expected "json" or a valid JSON Schema object')
        return None

    def _stored(self, body: Mapping[str, Any]) -> Stored | Reply:
        name = parse(str(body.get("model", "")))
        stored = self.store.read(name) if name else None
        return stored or refused(404, f"model '{body.get('model', '')}' not found")

    def _load(self, stored: Stored, body: Mapping[str, Any]) -> Loaded | Reply:
        longest = known(self.store, stored).context
        try:
            return self.memory.take(stored, body.get("options") or {}, body.get("keep_alive"), longest=longest)
        except BadDurationError as error:
            return refused(400, str(error))


def _instance(schema: Mapping[str, Any]) -> Any:
    """The smallest thing that a schema of plain types allows."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            properties = schema.get("properties") or {}
            return {name: _instance(properties.get(name) or {}) for name in schema.get("required") or properties}
        case "array":
            return [_instance(schema.get("items") or {})] * int(schema.get("minItems") or 0)
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case "string":
            return "water"
        case _:
            return None


def _is_nothing(keep_alive: Any) -> bool:
    return keep_alive in (0, "0", "0s") and keep_alive is not False


def _line(body: Mapping[str, Any], piece: Mapping[str, Any]) -> dict[str, Any]:
    return {"model": body["model"], "created_at": moment(now()), **piece, "done": False}


def _piece(key: str, text: str, **more: Any) -> dict[str, Any]:
    if key == "response":
        return {"response": text, **more}
    return {"message": {"role": "assistant", "content": text, **more}}


def _done(body: Mapping[str, Any], reason: str, **more: Any) -> Reply:
    return as_json({"model": body["model"], "created_at": moment(now()), **more, "done": True, "done_reason": reason})


def _completion(body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    created = int(now().timestamp())
    return {"id": "chatcmpl-1", "object": kind, "created": created, "model": body["model"]}


def _event(told: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(told).encode() + b"\n\n"


def _split(text: str) -> list[str]:
    """Words, each with the space before it."""
    first, *rest = text.split(" ") if text else [""]
    return [word for word in (first, *(f" {word}" for word in rest)) if word]


def _vector(text: str) -> list[float]:
    raw = [byte - 127.5 for byte in hashlib.sha256(text.encode()).digest()[:16]]
    length = math.hypot(*raw)
    return [value / length for value in raw]
