"""What requests under /api may hold; everything else is refused with one sentence."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from venom_desktop.core.registry.model import ModelCapabilities

LONGEST_NAME = 500
"""Names are judged by the core, in its own words; this only keeps essays away from it."""

Name = Annotated[str, Field(max_length=LONGEST_NAME)]
Word = Annotated[str, Field(max_length=60)]


class Body(BaseModel):
    """Types are not bent: `1` is not true and `"5"` is no number. Unknown fields are left alone."""

    model_config = ConfigDict(strict=True, frozen=True, protected_namespaces=())


class Install(Body):
    """Without a runtime the provider's first one is meant."""

    name: Name
    provider: Word = "huggingface"
    runtime: Word | None = None


class Named(Body):
    name: Name
    runtime: Word | None = None


class NewName(Body):
    name: Name
    new_name: Name
    runtime: Word | None = None


class Creation(Body):
    """`file` is a GGUF file on this machine."""

    name: Name
    file: Annotated[str, Field(min_length=1, max_length=4096)]
    runtime: Word = "ollama"


class FoundId(Body):
    """`id` as `GET models/found` tells it."""

    id: Word


class FoundIds(Body):
    """Without an `id` all are meant."""

    id: Word | None = None


class Takeover(Body):
    """How a found model comes into the list."""

    id: Word
    way: Literal["in_place", "link", "move", "copy"] = "in_place"


class Activate(Body):
    name: Name
    runtime: Word | None = None
    confirm: bool = False


class ActiveServer(Body):
    """`model` is another spelling of `model_name`; without either the runtime's last model is meant."""

    server_name: Word
    model_name: Name | None = None
    model: Name | None = None
    confirm: bool = False


class Confirmation(Body):
    confirm: bool = False


class RemoteBody(Body):
    """A server elsewhere; `ca_file` is a PEM file on this machine. Without `key` none is sent, or the stored one."""

    title: Annotated[str, Field(max_length=200)]
    url: Annotated[str, Field(max_length=1000)]
    kind: Literal["ollama", "openai"] = "openai"
    key: Annotated[str, Field(max_length=8192)] | None = Field(default=None, repr=False)
    ca_file: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None
    requests_per_minute: int | None = None
    confirm: bool = False


class RemoteTrial(Body):
    """`name` for one that was added, or `url` and `kind` for any; with both the stored key is tried there."""

    name: Word | None = None
    title: Annotated[str, Field(max_length=200)] | None = None
    url: Annotated[str, Field(max_length=1000)] | None = None
    kind: Literal["ollama", "openai"] = "openai"
    key: Annotated[str, Field(max_length=8192)] | None = Field(default=None, repr=False)
    ca_file: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    confirm: bool = False


class ProfileChoice(Body):
    profile: Word
    confirm: bool = False


class Capabilities(Body):
    """What the user says of a model; a field that is null or missing is what was detected."""

    supports_system_role: bool | None = None
    supports_function_calling: bool | None = None
    supports_vision: bool | None = None
    supports_thinking: bool | None = None
    supports_embedding: bool | None = None
    allowed_roles: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=16)] | None = None
    prompt_template: Annotated[str, Field(max_length=200_000)] | None = None
    max_context_length: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    quantization: Annotated[str, Field(max_length=40)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _unwrapped(cls, told: Any) -> Any:
        """What GET answers with may be put back as it is."""
        inner = told.get("capabilities") if isinstance(told, dict) else None
        return inner if isinstance(inner, dict) else told

    @model_validator(mode="after")
    def _user_may_speak(self) -> Self:
        if self.allowed_roles is not None and "user" not in self.allowed_roles:
            raise ValueError("allowed_roles must name user")
        return self

    def to_core(self) -> ModelCapabilities:
        known = self.model_dump()
        roles = known.pop("allowed_roles")
        return ModelCapabilities(**known, allowed_roles=None if roles is None else tuple(roles))
