"""How long a client waits for an Ollama server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for a server that says nothing at all, in seconds.

    While it downloads, a server writes a line every 60 ms, also while the bytes stand still: two minutes without one
    mean that it hangs. It is silent while it asks its registry (30 s to connect) and while it checks what it has:
    400 GB take an hour on a plain disk.
    """

    listing_s: float = 2.0
    asking_s: float = 20.0
    deleting_s: float = 120.0
    pulling_s: float = 120.0
    checking_s: float = 3600.0
    loading_s: float = 1800.0
    """Until an answer begins: a model is loaded first, which the server gives up after OLLAMA_LOAD_TIMEOUT."""
    answering_s: float = 600.0
    """Between two pieces of an answer: a long tool call is told when it is whole."""
