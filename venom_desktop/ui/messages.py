"""Shows core's errors: the translated sentence, the button that cures it, the reason code as tooltip."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from venom_desktop.core.errors import Cure, InternalError, VenomError
from venom_desktop.core.operations.changes import AFTERMATH
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.ui.i18n import number, tr
from venom_desktop.ui.widgets.banner import Banner

CureAction = Callable[[Cure], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is shown of an error; `cure` is None when there is nothing to press."""

    sentence: str
    reason_code: str
    cures: tuple[Cure, ...] = ()

    @property
    def cure(self) -> Cure | None:
        """The first and best one."""
        return self.cures[0] if self.cures else None

    @property
    def tip(self) -> str:
        return self.reason_code


def message_of(error: BaseException) -> Message:
    """The message of any error; one that is not ours reads as an internal error, and the log has the rest."""
    known = error if isinstance(error, VenomError) else InternalError()
    sentence = _sentence(known.sentence, known.parameters)
    if known.aftermath is not None:
        sentence = f"{sentence} {message_of(known.aftermath).sentence}"
    return Message(sentence=sentence, reason_code=known.reason_code, cures=known.cures)


def message_of_operation(operation: ModelOperation) -> Message | None:
    """The message of a failed operation, rebuilt from its reason code; None when nothing failed."""
    if operation.reason_code is None and operation.error is None:
        return None
    kind = _kinds().get(operation.reason_code or "")
    if kind is None:
        sentence = operation.error or InternalError.sentence
        return Message(sentence=sentence, reason_code=operation.reason_code or InternalError.reason_code)
    sentence = _sentence(kind.sentence, operation.error_parameters, fallback=operation.error)
    sentence = " ".join((sentence, *_aftermath(operation.error_parameters.get(AFTERMATH))))
    return Message(sentence=sentence, reason_code=kind.reason_code, cures=kind.cures)


def _aftermath(told: object) -> tuple[str, ...]:
    """What came after a failure, in the window's language."""
    if not isinstance(told, Mapping) or (kind := _kinds().get(str(told.get("reason_code")))) is None:
        return ()
    return (_sentence(kind.sentence, told, fallback=""),)


def error_of_operation(operation: ModelOperation) -> VenomError | None:
    """The failure of an operation as it was raised; None when nothing failed, or a version before knew it otherwise."""
    kind = _kinds().get(operation.reason_code or "")
    try:
        return None if kind is None else kind(**operation.error_parameters)
    except (KeyError, IndexError):
        return None


def cure_words(cure: Cure) -> str:
    """The verb on the button of a cure."""
    match cure:
        case Cure.TRY_AGAIN:
            return tr("Try again")
        case Cure.RETRY:
            return tr("Retry")
        case Cure.FREE_SPACE:
            return tr("Free up space…")
        case Cure.RAISE_LIMIT:
            return tr("Raise the limit…")
        case Cure.DOWNLOAD_AGAIN:
            return tr("Download again")
        case Cure.START_RUNTIME:
            return tr("Start")
        case Cure.ACTIVATE_MODEL:
            return tr("Activate a model")
        case Cure.ACTIVATE_AGAIN:
            return tr("Activate again")
        case Cure.OPEN_TOKEN_SETTINGS:
            return tr("Add a token…")
        case Cure.OPEN_MODEL_PAGE:
            return tr("Open the model page")
        case Cure.OPEN_LOG:
            return tr("Show the log")
        case Cure.OPEN_SETTINGS:
            return tr("Open settings")
        case Cure.OPEN_RUNTIME_SETTINGS:
            return tr("Runtime settings")
        case Cure.INSTALL_RUNTIME:
            return tr("Install…")
        case Cure.USE_SERVER:
            return tr("Use that server")
        case Cure.USE_FREE_PORT:
            return tr("Use another port")
        case Cure.CHOOSE_ANOTHER:
            return tr("Choose another")
        case Cure.LOWER_MEMORY:
            return tr("Lower memory use…")
        case Cure.CHANGE_MODEL_SETTINGS:
            return tr("Change its settings…")
        case Cure.OPEN_REMOTES:
            return tr("Remote servers…")
        case Cure.GO_ONLINE:
            return tr("Go online")


def show_error(banner: Banner, error: BaseException, on_cure: CureAction | None = None) -> None:
    """Put an error into a banner with the button of its first cure; `on_cure` gets the cure that was pressed."""
    show_message(banner, message_of(error), on_cure)


def show_message(banner: Banner, message: Message, on_cure: CureAction | None = None) -> None:
    """Like `show_error`, for a message that is at hand already."""
    cure = message.cure if on_cure is not None else None
    banner.show_kind("cure")
    if cure is None or on_cure is None:
        banner.tell(message.sentence, tip=message.tip)
        return
    banner.tell(message.sentence, cure_words(cure), lambda: on_cure(cure), tip=message.tip)


def _sentence(template: str, parameters: Mapping[str, Any], *, fallback: str | None = None) -> str:
    values = {name: _words(value) for name, value in parameters.items()}
    try:
        return tr(template).format(**values)
    except (KeyError, IndexError):
        # A row written by another version may lack a parameter: its stored sentence still holds.
        return fallback or template


def _words(value: object) -> str:
    if isinstance(value, timedelta):
        return number(value.total_seconds())
    if isinstance(value, float):
        return number(value, 0 if value.is_integer() else 1)
    return str(value)


def _kinds() -> dict[str, type[VenomError]]:
    found: dict[str, type[VenomError]] = {}
    waiting: list[type[VenomError]] = [VenomError]
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.reason_code, kind)
        waiting.extend(kind.__subclasses__())
    return found
