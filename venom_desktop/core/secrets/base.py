"""What a secret is, where it may come from, and what may be said about it."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NoReturn, Protocol

from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.secrets.masking import mask

HUGGING_FACE = "huggingface"
OPENAI = "openai"
GOOGLE = "google"

VARIABLES: Mapping[str, str] = MappingProxyType(
    {HUGGING_FACE: "HF_TOKEN", OPENAI: "OPENAI_API_KEY", GOOGLE: "GOOGLE_API_KEY"}
)
"""The environment variable that holds the secret of a name."""

_LONGEST = 4096


class Secret:
    """A key that shows itself only to `reveal`: not in `repr`, `str`, formats, pickles or copies."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    @classmethod
    def checked(cls, value: str) -> "Secret":
        """Raises `InvalidInput` for what no key looks like, so that no header can be smuggled in with it."""
        stripped = value.strip()
        if not stripped or len(stripped) > _LONGEST or not all("!" <= letter <= "~" for letter in stripped):
            raise InvalidInput(
                problem="This is not a usable key. Keys are one line of letters, digits and signs without blanks."
            )
        return cls(stripped)

    def reveal(self) -> str:
        return self._value

    @property
    def mask(self) -> str:
        """At most 8 of its characters, and never more than a third."""
        return mask(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")


class CredentialSource(StrEnum):
    """Where a secret comes from."""

    ENVIRONMENT = "environment"
    KEYRING = "keyring"
    MEMORY = "memory"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialStatus:
    """What the window shows of a secret; `mask` None means there is none, `variable` is set for the environment."""

    name: str
    source: CredentialSource
    mask: str | None = None
    variable: str | None = None


class SecretStore(Protocol):
    """One place that keeps secrets. Every call raises `KeyringUnavailable` while the place cannot be used."""

    async def get(self, name: str) -> Secret | None: ...

    async def set(self, name: str, secret: Secret) -> None: ...

    async def remove(self, name: str) -> None:
        """Removing what is not there is fine."""
