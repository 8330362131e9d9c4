"""The proof that a model answers: one token, or one vector of a model elsewhere that only embeds."""

from venom_desktop.core.errors import AnswersNothing, RequestRefused, UpstreamFailed, VenomError
from venom_desktop.core.governance.base import Purpose, Target
from venom_desktop.core.registry.capabilities import effective
from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import ChatMessage, ChatRequest, Embeds, Runtime

FIRST_WORD = "Hi"
FIRST_QUESTION = ChatRequest(messages=(ChatMessage(role="user", content=FIRST_WORD),), max_tokens=1, temperature=0.0)
_NOTHING = ModelCapabilities()


async def first_answer(ask: Ask, runtime: Runtime, model: ModelMetadata) -> ModelCapabilities:
    """What it taught about the model, mostly nothing. A model of this machine that only embeds is asked nothing.

    Servers elsewhere seldom tell what a model is for: one that looks as if it embeds is asked for a vector first, any
    other for a token, and a refusal is followed by the other. Raises `AnswersNothing` and what asking raises.
    """
    target, embeds = Target(runtime=model.runtime, model=model.name), effective(model).supports_embedding
    if not isinstance(runtime, Embeds):
        if not embeds:
            await ask.whole(target, FIRST_QUESTION, Purpose.PROBE)
        return _NOTHING
    likely = embeds is True or (embeds is None and "embed" in model.name.lower())
    refusals: dict[bool, VenomError] = {}
    for vector in (likely, not likely):
        try:
            if vector:
                await ask.embed(target, FIRST_WORD, Purpose.PROBE, by=runtime)
            else:
                await ask.whole(target, FIRST_QUESTION, Purpose.PROBE)
        except (RequestRefused, UpstreamFailed) as error:
            if not _is_about_the_kind(error):
                raise
            refusals[vector] = error
        else:
            return ModelCapabilities(supports_embedding=True) if vector else _no_vectors(believed=likely)
    raise AnswersNothing(
        model_name=model.name, server=runtime.snapshot.title, token=refusals[False], vector=refusals[True]
    )


def _is_about_the_kind(error: VenomError) -> bool:
    """Whether a model of the other kind may stand there: 4xx, or words like vLLM's and llama.cpp's (501)."""
    return isinstance(error, RequestRefused) or (type(error) is UpstreamFailed and "support" in str(error).lower())


def _no_vectors(*, believed: bool) -> ModelCapabilities:
    return ModelCapabilities(supports_embedding=False) if believed else _NOTHING
