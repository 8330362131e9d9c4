"""What the first-run page says: the machine, the suggested model, how far it is, and what a press does."""

from dataclasses import dataclass
from enum import Enum

from venom_desktop.core.host.sample import HostSample
from venom_desktop.ui.catalog.first_start import Phase, Start
from venom_desktop.ui.catalog.found_server import Found, Use
from venom_desktop.ui.catalog.words import ABOUT
from venom_desktop.ui.i18n import duration_left, facts, gigabytes, gigabytes_of, percent, plural, speed, tr
from venom_desktop.ui.messages import message_of, message_of_operation

SMALL_BYTES = 6_000_000_000


class Press(Enum):
    """What the card's button leads to."""

    INSTALL = "install"
    LOOK_AGAIN = "look again"
    BROWSE = "browse"
    ASK = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonWords:
    """`forbidden` says why it cannot be pressed."""

    text: str
    icon: str | None = None
    press: Press = Press.INSTALL
    forbidden: str | None = None


def machine_sentence(host: HostSample) -> str:
    """ "This computer has 16 cores, 33.5 GB of memory and no graphics card that models can use. ..." """
    cores = plural("{count} core", "{count} cores", host.cpu_count)
    memory = gigabytes(host.memory_total_bytes)
    if host.memory_total_bytes < SMALL_BYTES:
        outlook = tr("Very small models will answer.")
    else:
        outlook = tr("Small models will answer well.")
    if host.gpus:
        text = tr(
            "This computer has {cores} and {memory} of memory. "
            "The built-in engine does not use its {card}, and Ollama does.",
            cores=cores,
            memory=memory,
            card=host.gpus[0].name,
        )
    else:
        text = tr(
            "This computer has {cores}, {memory} of memory and no graphics card that models can use.",
            cores=cores,
            memory=memory,
        )
    return f"{text} {outlook}"


def card_title(start: Start) -> str:
    if start.suggestion is None:
        return tr("Install a model")
    if start.phase is Phase.READY:
        return tr("{model} is ready", model=start.suggestion.title)
    return tr("Install {model}", model=start.suggestion.title)


def card_sentence(start: Start) -> str:
    match start.phase:
        case Phase.LOOKING:
            return tr("Looking for a model that suits this machine.")
        case Phase.NOTHING_FITS:
            return tr("No suggested model fits into the memory that is free now. Close other programs, or browse.")
        case Phase.NOT_FOUND:
            return tr("None of the suggested models was found on this hub. Its catalog may have another one for you.")
        case Phase.NO_SUGGESTION:
            return tr("There is no suggestion for this machine. Choose a model in the catalog.")
        case Phase.OFFLINE:
            silence = message_of(start.error).sentence if start.error else ""
            return f"{silence} {tr('This suggestion and its size came with the app.')}".strip()
        case Phase.FAILED:
            message = message_of_operation(start.operation) if start.operation else None
            error = message_of(start.error) if start.error else None
            return (error or message or message_of(RuntimeError())).sentence
        case Phase.READY:
            return tr("It is installed, verified and active: ask it something in the Runtime tab.")
        case Phase.OFFERED | Phase.INSTALLING | Phase.PAUSED | Phase.ACTIVATING:
            return tr(
                "A good all-round model for this machine. Runs with the built-in llama.cpp: nothing else to install."
            )


def figures(start: Start, fraction: float | None) -> str:
    operation = start.operation
    if start.phase is Phase.ACTIVATING:
        return tr("Loading it into memory")
    if operation is None:
        return ""
    done = gigabytes_of(operation.done_bytes, operation.total_bytes) if operation.done_bytes else None
    if start.phase is Phase.PAUSED:
        return facts(tr("Paused"), done)
    rate = speed(operation.bytes_per_s) if operation.bytes_per_s else None
    left = duration_left(operation.eta_s) if operation.eta_s is not None else None
    return facts(percent(fraction) if fraction is not None else tr("Starting"), rate, left)


def button_words(start: Start) -> ButtonWords:
    """Of the card's primary button."""
    match start.phase:
        case Phase.LOOKING:
            reason = tr("A suitable model is being looked for")
            return ButtonWords(text=tr("Install"), icon="download", forbidden=reason)
        case Phase.NOTHING_FITS | Phase.NOT_FOUND | Phase.NO_SUGGESTION:
            return ButtonWords(text=tr("Browse the catalog"), press=Press.BROWSE)
        case Phase.OFFLINE:
            return ButtonWords(text=tr("Try again"), icon="refresh", press=Press.LOOK_AGAIN)
        case Phase.OFFERED:
            return ButtonWords(text=_install_words(start), icon="download")
        case Phase.INSTALLING:
            reason = tr("It is being installed: pause or cancel it below")
            return ButtonWords(text=tr("Installing…"), forbidden=reason)
        case Phase.PAUSED:
            return ButtonWords(text=tr("Resume"), icon="play")
        case Phase.ACTIVATING:
            return ButtonWords(text=tr("Activating…"), forbidden=tr("It is being loaded"))
        case Phase.FAILED:
            return ButtonWords(text=tr("Retry"), icon="refresh")
        case Phase.READY:
            return ButtonWords(text=tr("Try a prompt"), icon="send", press=Press.ASK)


def second_words(start: Start) -> str | None:
    """Of the quiet button below, which installs without asking again; None when there is none."""
    if start.phase is not Phase.OFFLINE:
        return None
    size = start.suggestion.size_bytes if start.suggestion else None
    if size is None:
        return tr("Install anyway")
    return tr("Install anyway · {size}", size=f"{ABOUT}{gigabytes(size)}")


def _install_words(start: Start) -> str:
    size = start.suggestion.size_bytes if start.suggestion else None
    return tr("Install · {size}", size=gigabytes(size)) if size is not None else tr("Install")


def found_sentence(found: Found) -> str:
    """ "Found Ollama 0.16.3 on port 11434 with 2 models. They can be used right away." """
    match found.use:
        case Use.OFFERED | Use.ACTIVATING:
            return f"{_where(found)} {_what_then(found)}"
        case Use.FAILED:
            told = message_of_operation(found.operation) if found.operation else None
            return (told or message_of(found.error or RuntimeError())).sentence
        case Use.READY:
            return tr("{model} is active: ask it something in the Runtime tab.", model=found.model)


def use_words(found: Found) -> ButtonWords:
    """Of the button on the card of the server that was found."""
    match found.use:
        case Use.OFFERED if found.model is None:
            return ButtonWords(text=tr("Choose a model"))
        case Use.OFFERED:
            return ButtonWords(text=tr("Use {runtime}", runtime=found.title))
        case Use.ACTIVATING:
            return ButtonWords(text=tr("Activating…"), forbidden=tr("It is being loaded"))
        case Use.FAILED:
            return ButtonWords(text=tr("Retry"), icon="refresh")
        case Use.READY:
            return ButtonWords(text=tr("Try a prompt"), icon="send")


def _where(found: Found) -> str:
    name = " ".join(word for word in (found.title, found.version) if word)
    models = plural("{count} model", "{count} models", found.count)
    if found.port is None:
        return tr("Found {server} with {models}.", server=name, models=models)
    return tr("Found {server} on port {port} with {models}.", server=name, port=str(found.port), models=models)


def _what_then(found: Found) -> str:
    if found.model is None:
        return tr("They can be used right away.")
    return tr("{model} can answer right away.", model=found.model)
