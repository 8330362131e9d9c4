"""The words, the icon and the use of the panel's primary button."""

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, FitVerdict
from venom_desktop.core.catalog.run_on import BUILT_IN, OLLAMA, usable_gpu
from venom_desktop.core.errors import CloudOnly, NoUsableFile, PickleOnly, SplitModel, VenomError
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.presenter import NextStep, Step
from venom_desktop.ui.catalog.selection import Chosen
from venom_desktop.ui.catalog.words import ABOUT, architecture_words, runtime_words
from venom_desktop.ui.i18n import NO_BREAK, gigabytes, percent, tokens, tr
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.widgets import Button


def dress_primary(button: Button, step: NextStep, chosen: Chosen | None) -> None:
    """Say what a press does, or why there is nothing to press."""
    text, icon = _words(step, chosen)
    button.set_content(text, icon)
    reason = _reason(step, chosen)
    if reason is None:
        button.allow()
    else:
        button.forbid(reason)


def _words(step: NextStep, chosen: Chosen | None) -> tuple[str, str | None]:
    match step.step:
        case Step.READING | Step.IMPOSSIBLE:
            return tr("Install"), "download"
        case Step.INSTALL:
            return _install_words(step, chosen), "download"
        case Step.INSTALLING:
            return _with_progress(tr("Installing…"), step), None
        case Step.PAUSED:
            return _with_progress(tr("Resume the download ·"), step), "play"
        case Step.ACTIVATE:
            return tr("Installed · Activate"), "play"
        case Step.ACTIVATING:
            return tr("Activating…"), None
        case Step.ACTIVE:
            return tr("Active"), "check"
        case Step.LOAD_AGAIN:
            return tr("Load again with {count} tokens", count=tokens(chosen.context if chosen else None)), "refresh"
        case Step.START_RUNTIME:
            return tr("Start {runtime}", runtime=_runtime(chosen)), "play"
        case Step.RUNTIME_STARTS:
            return tr("Starting {runtime}…", runtime=_runtime(chosen)), None
        case Step.GET_RUNTIME:
            return tr("Install {runtime}…", runtime=_runtime(chosen)), "download"


def runtime_note(step: NextStep, chosen: Chosen | None) -> str:
    """Why the button is about the runtime and not about the model, or what another one would do better; else ""."""
    match step.step:
        case Step.START_RUNTIME:
            return tr("{runtime} fetches its models itself and is not running.", runtime=_runtime(chosen))
        case Step.RUNTIME_STARTS:
            return tr("{runtime} fetches its models itself. It is being started.", runtime=_runtime(chosen))
        case Step.GET_RUNTIME:
            return tr("{runtime} is not on this computer yet.", runtime=_runtime(chosen))
        case Step.INSTALL:
            return _for_vllm(chosen) or _unused_card(chosen)
        case _:
            return ""


def _for_vllm(chosen: Chosen | None) -> str:
    """What vLLM will make of the model on this computer; "" for another runtime."""
    if chosen is None or chosen.runtime != SAFETENSORS_RUNTIME:
        return ""
    entry = chosen.entry
    parts = [architecture_words(entry.model_class, needs_own_code=entry.needs_own_code)]
    if chosen.verdict is not None:
        parts.append(_room_for_vllm(chosen.verdict))
    return " ".join(part for part in parts if part)


def _room_for_vllm(verdict: FitVerdict) -> str:
    """Why it does not start now: it takes its whole share at once, and its share has to hold the model."""
    share, free = gigabytes(verdict.total_bytes), gigabytes(verdict.free_bytes)
    if verdict.lacks_gpu:
        return tr("vLLM needs a graphics card, and none was found.")
    if verdict.lacks_cards:
        return tr("It is set to be spread over more graphics cards than were found. Change its load settings.")
    if verdict.needed_bytes > verdict.total_bytes:
        said = tr(
            "The weights and one answer of {count} tokens need {needed}, and vLLM takes {share} of graphics memory.",
            count=tokens(verdict.context),
            needed=gigabytes(verdict.needed_bytes),
            share=share,
        )
        alone = verdict.needed_bytes - verdict.kv_cache_bytes
        less = tr("Choose less context, or raise that share in Settings.")
        return f"{said} {tr('Choose a smaller model.') if alone > verdict.total_bytes else less}"
    if verdict.free_bytes < verdict.total_bytes:
        return tr(
            "vLLM takes {share} of graphics memory when it starts, and {free} of them are free. "
            "Unload what is loaded, close what else uses it, or lower that share in Settings.",
            share=share,
            free=free,
        )
    return ""


def _unused_card(chosen: Chosen | None) -> str:
    """That the built-in engine leaves a graphics card idle which another runtime on offer would use."""
    if chosen is None or chosen.host is None or chosen.runtime != BUILT_IN or OLLAMA not in chosen.offered:
        return ""
    if usable_gpu(OLLAMA, chosen.host) is None:
        return ""
    card, runtime, other = chosen.host.gpus[0].name, _runtime(chosen), runtime_words(OLLAMA)
    return tr("{runtime} does not use your {card}, and {other} does.", runtime=runtime, card=card, other=other)


def _runtime(chosen: Chosen | None) -> str:
    return runtime_words(chosen.runtime) if chosen and chosen.runtime else ""


def _install_words(step: NextStep, chosen: Chosen | None) -> str:
    label = chosen.quantization.label if chosen and chosen.quantization else ""
    if step.size_bytes is not None:
        size = gigabytes(step.size_bytes)
    elif step.rough_bytes is not None:
        size = f"{ABOUT}{gigabytes(step.rough_bytes)}"
    else:
        size = tr("size unknown")
    return tr("Install {quantization} · {size}", quantization=label, size=size).replace(" ", NO_BREAK)


def _with_progress(text: str, step: NextStep) -> str:
    progress = step.operation.progress if step.operation else None
    return text if progress is None else f"{text}{NO_BREAK}{percent(progress / 100)}"


def _reason(step: NextStep, chosen: Chosen | None) -> str | None:
    match step.step:
        case Step.READING:
            return tr("The list of files is being read")
        case Step.IMPOSSIBLE:
            return _why_not(chosen)
        case Step.INSTALLING:
            return tr("It is being installed: pause or cancel it below")
        case Step.ACTIVATING:
            return tr("It is being loaded")
        case Step.ACTIVE:
            return tr("This model answers now")
        case Step.RUNTIME_STARTS:
            return tr("It is being started")
        case Step.INSTALL | Step.PAUSED | Step.ACTIVATE | Step.LOAD_AGAIN | Step.START_RUNTIME | Step.GET_RUNTIME:
            return None


def _why_not(chosen: Chosen | None) -> str:
    error = (chosen.error or impossible(chosen)) if chosen else None
    return message_of(error).sentence if error else tr("Choose a model first")


def impossible(chosen: Chosen) -> VenomError | None:
    """Why it cannot be installed with what is chosen, as far as is known; None when it can."""
    entry, quantization = chosen.entry, chosen.quantization
    name = entry.model_name
    if entry.only_cloud:
        return CloudOnly(model_name=name)
    if chosen.refusal is not None:
        return chosen.refusal
    if entry.variants(chosen.runtime) == () and not chosen.reading:
        return PickleOnly(model_name=name) if entry.only_pickle else NoUsableFile(model_name=name)
    alone = chosen.runtime == OLLAMA and entry.provider is ModelProvider.HUGGINGFACE
    if alone and quantization is not None and len(quantization.files) > 1:
        return SplitModel(model_name=name, quantization=quantization.label, count=len(quantization.files))
    return None
