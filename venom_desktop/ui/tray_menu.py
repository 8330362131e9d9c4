"""What the tray shows, made of snapshots alone: the rows of its menu, the state of its icon and its tooltip."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelStatus
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.core.runtimes.state import RuntimeState
from venom_desktop.ui.catalog.words import runtime_words
from venom_desktop.ui.i18n import facts, number, percent, plural, tr
from venom_desktop.ui.operations import words
from venom_desktop.ui.operations.presenter import is_busy
from venom_desktop.ui.runtime_state import state_look
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.tray_facts import TrayFacts

MOST_MODELS: Final = 12
MOST_OPERATIONS: Final = 6
_NEVER = datetime.min.replace(tzinfo=UTC)
_MOVING = (RuntimeState.STARTING, RuntimeState.STOPPING)


class Verb(Enum):
    """What choosing a row does; the last three do nothing by themselves."""

    SHOW_WINDOW = auto()
    SWITCH = auto()
    ALL_MODELS = auto()
    UNLOAD = auto()
    SHOW_OPERATIONS = auto()
    SHOW_ALERTS = auto()
    PAUSE_ALL = auto()
    RESUME_ALL = auto()
    QUIT = auto()
    SUBMENU = auto()
    SEPARATOR = auto()
    WORDS = auto()


class TrayState(Enum):
    IDLE = "idle"
    BUSY = "busy"
    NEEDS_YOU = "needs you"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayRow:
    """`name` tells rows of one verb apart; `checked` None has no mark; `rows` are those of a submenu."""

    verb: Verb
    text: str = ""
    name: str = ""
    icon: str | None = None
    icon_role: ColorRole = "text2"
    checked: bool | None = None
    enabled: bool = True
    key: ModelKey | None = None
    rows: tuple["TrayRow", ...] = ()

    @property
    def identity(self) -> tuple[Verb, str, ModelKey | None, bool]:
        """What makes it the same row as another, whatever its words."""
        return self.verb, self.name, self.key, self.checked is None


Shape = tuple[tuple[object, "Shape"], ...]


def tray_rows(told: TrayFacts, *, most_models: int = MOST_MODELS) -> tuple[TrayRow, ...]:
    """The whole menu, from top to bottom."""
    separator = TrayRow(verb=Verb.SEPARATOR)
    operations = _operation_rows(told)
    return (
        _state_row(told),
        separator,
        TrayRow(verb=Verb.SUBMENU, name="models", text=tr("Switch model"), rows=model_rows(told, most_models)),
        TrayRow(verb=Verb.SUBMENU, name="runtimes", text=tr("Switch runtime"), rows=runtime_rows(told)),
        *_unload_row(told),
        separator,
        *((*operations, separator) if operations else ()),
        TrayRow(verb=Verb.SHOW_WINDOW, name="open", text=tr("Open Venom Desktop")),
        TrayRow(verb=Verb.QUIT, text=tr("Quit")),
    )


def shape(rows: Iterable[TrayRow]) -> Shape:
    """The structure without its words: a menu of the same shape is updated, any other is built anew."""
    return tuple((row.identity, shape(row.rows)) for row in rows)


def tray_state(told: TrayFacts) -> TrayState:
    if told.failed or told.alerts or told.asking:
        return TrayState.NEEDS_YOU
    moving = any(runtime.state in _MOVING for runtime in told.runtimes)
    return TrayState.BUSY if moving or any(map(is_busy, told.operations)) else TrayState.IDLE


def tooltip(told: TrayFacts) -> str:
    """ "Venom Desktop: Ollama · gemma3:4b, ready"."""
    who, state = _answering(told), _state_words(told)
    busy = [operation for operation in told.unfinished if is_busy(operation)]
    news = [operation_words(operation) for operation in (*told.asking, *busy)][:1]
    news += [_needs_you(told.failed)] if told.failed else []
    news += [_alerts(told.alerts)] if told.alerts else []
    first = tr("Venom Desktop: {state}", state=f"{who}, {state}" if state else who)
    return "\n".join((first, *news))


def model_rows(told: TrayFacts, most: int) -> tuple[TrayRow, ...]:
    """What was used last on top; past `most` the rest is in the window."""
    models = usable_models(told)
    if not models:
        empty = tr("Nothing is installed yet") if told.runtimes else tr("No runtime is offered in this profile")
        return (TrayRow(verb=Verb.WORDS, text=empty, enabled=False),)
    home = told.active.key.runtime if told.active.key else models[0].runtime
    rows = [
        TrayRow(
            verb=Verb.SWITCH,
            name="model",
            text=facts(model.display_name, None if model.runtime == home else _title(told, model.runtime)),
            checked=model.key == told.active.key,
            key=model.key,
        )
        for model in models[:most]
    ]
    if len(models) > most:
        everything = TrayRow(verb=Verb.ALL_MODELS, text=tr("All installed models…"))
        rows += [TrayRow(verb=Verb.SEPARATOR), everything]
    return tuple(rows)


def usable_models(told: TrayFacts) -> list[ModelMetadata]:
    """Installed models of the runtimes on offer, what was used last first."""
    offered = {runtime.name for runtime in told.runtimes}
    models = [one for one in told.inventory.models if one.status is ModelStatus.INSTALLED and one.runtime in offered]
    return sorted(models, key=lambda model: model.last_used_at or _NEVER, reverse=True)


def runtime_rows(told: TrayFacts) -> tuple[TrayRow, ...]:
    """Each runtime with the model it would answer with, under a line that says what a switch does."""
    if not told.runtimes:
        return (TrayRow(verb=Verb.WORDS, text=tr("No runtime is offered in this profile"), enabled=False),)
    rows = [_runtime_row(told, runtime) for runtime in told.runtimes]
    return (TrayRow(verb=Verb.WORDS, text=_what_happens(told), enabled=False), TrayRow(verb=Verb.SEPARATOR), *rows)


def operation_words(operation: ModelOperation) -> str:
    """ "Installing qwen3:8b · 43 %", "Switching to gemma3:4b · Waiting for the first token", or what it asks."""
    if operation.question is not None:
        return words.phase(operation)
    done = None if operation.progress is None else percent(operation.progress / 100)
    if operation.status is OperationStatus.PAUSED:
        return facts(words.title(operation), tr("Paused"), done)
    if operation.operation_type is OperationType.ACTIVATE:
        return facts(tr("Switching to {name}", name=operation.model_name), words.phase(operation))
    return facts(words.going_on(operation), done or words.so_far(operation) or words.phase(operation))


def _state_row(told: TrayFacts) -> TrayRow:
    runtime = None if told.active.key is None else told.runtime(told.active.key.runtime)
    running = runtime is not None and runtime.state is RuntimeState.RUNNING
    look = None if runtime is None else state_look(runtime.state)
    return TrayRow(
        verb=Verb.SHOW_WINDOW,
        name="state",
        text=_answering(told) if running else facts(_answering(told), _state_words(told, capital=True)),
        icon="ring" if look is None else look.glyph,
        icon_role="text3" if look is None else look.state,
    )


def _answering(told: TrayFacts) -> str:
    key = told.active.key
    if key is None:
        return tr("No model running")
    return facts(_title(told, key.runtime), _name(told, key))


def _state_words(told: TrayFacts, *, capital: bool = False) -> str:
    """ "ready" where the active model's runtime runs, else its state; "" without one."""
    key = told.active.key
    runtime = None if key is None else told.runtime(key.runtime)
    if runtime is None:
        return ""
    text = tr("Ready") if runtime.state is RuntimeState.RUNNING else state_look(runtime.state).text
    return text if capital else text[:1].lower() + text[1:]


def _runtime_row(told: TrayFacts, runtime: RuntimeSnapshot) -> TrayRow:
    model = _would_answer(told, runtime.name)
    return TrayRow(
        verb=Verb.SWITCH,
        name="runtime",
        text=facts(runtime.title, model.display_name if model else tr("no model installed")),
        checked=told.active.key is not None and told.active.key.runtime == runtime.name,
        enabled=model is not None,
        key=model.key if model else ModelKey(name="", runtime=runtime.name),
    )


def _would_answer(told: TrayFacts, runtime: str) -> ModelMetadata | None:
    """The last model it answered with if that is still there, else the one used last."""
    models = [model for model in usable_models(told) if model.runtime == runtime]
    last = told.active.last_models.get(runtime)
    return next((model for model in models if model.name == last), models[0] if models else None)


def _what_happens(told: TrayFacts) -> str:
    key = told.active.key
    if key is None:
        return tr("Loads the runtime's last model")
    return tr("Unloads {name}, then loads the other's last model", name=_name(told, key))


def _unload_row(told: TrayFacts) -> tuple[TrayRow, ...]:
    key = told.active.key
    if key is None:
        return ()
    return (TrayRow(verb=Verb.UNLOAD, text=tr("Unload {name}", name=_name(told, key)), icon="eject"),)


def _operation_rows(told: TrayFacts) -> tuple[TrayRow, ...]:
    # A question comes before everything, also where not all has room.
    going = tuple(sorted(told.unfinished, key=lambda operation: operation.question is None))
    rows = [_operation_row(operation) for operation in going[:MOST_OPERATIONS]]
    if len(going) > MOST_OPERATIONS:
        more = tr("{count} more…", count=number(len(going) - MOST_OPERATIONS))
        rows.append(TrayRow(verb=Verb.SHOW_OPERATIONS, name="more", text=more))
    if told.failed:
        rows.append(
            TrayRow(
                verb=Verb.SHOW_OPERATIONS, name="failed", text=_needs_you(told.failed), icon="warning", icon_role="warn"
            )
        )
    if told.alerts:
        alerts = _alerts(told.alerts)
        rows.append(TrayRow(verb=Verb.SHOW_ALERTS, text=alerts, icon="bell", icon_role="warn"))
    if any(is_busy(operation) and operation.can_pause for operation in going):
        rows.append(TrayRow(verb=Verb.PAUSE_ALL, text=tr("Pause all downloads"), icon="pause"))
    elif any(operation.status is OperationStatus.PAUSED for operation in going):
        rows.append(TrayRow(verb=Verb.RESUME_ALL, text=tr("Resume all downloads"), icon="play"))
    return tuple(rows)


def _operation_row(operation: ModelOperation) -> TrayRow:
    activation = operation.operation_type is OperationType.ACTIVATE
    paused, asks = operation.status is OperationStatus.PAUSED, operation.question is not None
    return TrayRow(
        verb=Verb.SHOW_OPERATIONS,
        name=operation.operation_id,
        text=operation_words(operation),
        icon="warning" if asks else "pause" if paused else "bolt" if activation else "download",
        icon_role="warn" if asks else "text2",
    )


def _needs_you(failed: int) -> str:
    return plural("{count} operation needs you", "{count} operations need you", failed)


def _alerts(count: int) -> str:
    return plural("{count} alert", "{count} alerts", count)


def _name(told: TrayFacts, key: ModelKey) -> str:
    return next((model.display_name for model in told.inventory.models if model.key == key), key.name)


def _title(told: TrayFacts, runtime: str) -> str:
    found = told.runtime(runtime)
    return runtime_words(runtime) if found is None else found.title
