"""What the Installed tab says: states, capabilities, facts of a file, and the numbers of a removal."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, assert_never

from PySide6.QtCore import QDate, QLocale

from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.runtimes.base import LoadSettings, RuntimeSnapshot, RuntimeState
from venom_desktop.ui.catalog.words import runtime_words
from venom_desktop.ui.i18n import DAY_S, ago, facts, gigabytes, number, plural, tokens, tokens_short, tr, unknown
from venom_desktop.ui.installed.groups import Group, GroupCure, size_of
from venom_desktop.ui.installed.presenter import Row, can_download
from venom_desktop.ui.installed.states import State
from venom_desktop.ui.remote_words import remote_look
from venom_desktop.ui.runtime_state import state_look as runtime_state_look
from venom_desktop.ui.widgets import PillLook, pill_size

_ABILITIES: Final[Mapping[str, str]] = {
    "supports_vision": "vision",
    "supports_function_calling": "tools",
    "supports_thinking": "thinking",
    "supports_embedding": "embedding",
}
"""Field to icon, in the order in which they stand in a row."""


def state_look(state: State) -> PillLook | None:
    """The pill of a state; a model that just rests has none."""
    match state:
        case State.REMOVING:
            return PillLook(text=tr("Removing"), glyph="trash")
        case State.INSTALLING:
            return PillLook(text=tr("Installing"), glyph="download", state="part")
        case State.ACTIVATING:
            return PillLook(text=tr("Activating"), glyph="refresh", state="part")
        case State.VERIFYING:
            return PillLook(text=tr("Verifying"), glyph="refresh", state="part")
        case State.UPDATING:
            return PillLook(text=tr("Updating"), glyph="download", state="part")
        case State.GONE:
            return PillLook(text=tr("No longer there"), glyph="warning", state="bad")
        case State.FILE_MISSING:
            return PillLook(text=tr("File missing"), glyph="warning", state="bad")
        case State.CHECKSUM_DIFFERS:
            return PillLook(text=tr("Checksum differs"), glyph="warning", state="bad")
        case State.ACTIVE:
            return PillLook(text=tr("Active"), glyph="check", state="ok")
        case State.UPDATE_AVAILABLE:
            return update_look()
        case State.LOADED:
            return PillLook(text=tr("Loaded"), glyph="bolt")
        case State.RESTING:
            return None
        case _:
            assert_never(state)


def update_look() -> PillLook:
    return PillLook(text=tr("Update available"), glyph="update", state="part")


def widest_state() -> int:
    """The width at which no state is cut."""
    return max(pill_size(look).width() for state in State if (look := state_look(state)) is not None)


def runtime_look(state: RuntimeState | None, runtime: str = "") -> PillLook:
    """The pill of a runtime; None: this program does not run it."""
    if state is None:
        return PillLook(text=tr("Not offered here"), glyph="cross")
    if is_remote(runtime):
        return remote_look(RuntimeSnapshot(name=runtime, title="", state=state))
    return PillLook(**runtime_state_look(state)._asdict())


def runtime_title(runtime: str, title: str | None) -> str:
    return title or runtime_words(runtime)


def group_detail(group: Group) -> str:
    if not group.is_known:
        return tr("Its models are not known yet")
    count = plural("{count} model", "{count} models", group.count)
    return count if is_remote(group.runtime) else facts(count, gigabytes(group.size_bytes))


def group_age(group: Group) -> str:
    """ "Last seen 3 min ago", where the list is not of now; else ""."""
    if not group.is_old or group.seen_at is None:
        return ""
    return tr("Last seen {when}", when=ago(group.seen_at))


def cure_button(group: Group) -> tuple[str, str] | None:
    """Words and icon of what brings the group's list up to date."""
    title = runtime_title(group.runtime, group.title)
    match group.cure:
        case GroupCure.START:
            return tr("Start {runtime}", runtime=title), "play"
        case GroupCure.GET:
            return tr("Install {runtime}…", runtime=title), "download"
        case GroupCure.ASK_AGAIN:
            return tr("Try again"), "refresh"
        case None:
            return None


def ability_icons(capabilities: ModelCapabilities) -> list[str]:
    return [icon for field, icon in _ABILITIES.items() if getattr(capabilities, field)]


def ability_names(capabilities: ModelCapabilities) -> list[str]:
    names = {
        "supports_vision": tr("Vision"),
        "supports_function_calling": tr("Tools"),
        "supports_thinking": tr("Thinking"),
        "supports_embedding": tr("Embedding"),
    }
    return [names[field] for field in _ABILITIES if getattr(capabilities, field)]


def capability_pills(capabilities: ModelCapabilities) -> list[PillLook]:
    """What it can do, what it holds, and the two lacks that surprise people."""
    names, icons = ability_names(capabilities), ability_icons(capabilities)
    looks = [PillLook(text=name, glyph=icon) for name, icon in zip(names, icons, strict=True)]
    if capabilities.supports_system_role is not None:
        role = capabilities.supports_system_role
        looks.append(
            PillLook(text=tr("System role") if role else tr("No system role"), glyph="check" if role else "cross")
        )
    if capabilities.max_context_length:
        count = tokens_short(capabilities.max_context_length)
        looks.append(PillLook(text=tr("{count} context", count=count), glyph="papers"))
    if capabilities.supports_vision is False:
        looks.append(PillLook(text=tr("No vision"), glyph="cross"))
    return looks


def capability_source(row: Row, runtime: str) -> str:
    """`runtime` is the title of the one that told them, where a store keeps the model."""
    model = row.model
    if row.store is None:
        return _source_in_file(model)
    if model.overrides != ModelCapabilities():
        return tr("Told by {runtime}, partly set by you", runtime=runtime)
    if model.capabilities == ModelCapabilities():
        return tr("{runtime} has not told them yet", runtime=runtime)
    return tr("Told by {runtime}", runtime=runtime)


def _source_in_file(model: ModelMetadata) -> str:
    if model.overrides != ModelCapabilities():
        return tr("Read from the model file, partly set by you")
    if model.capabilities == ModelCapabilities():
        return tr("Nothing could be read from the model file")
    return tr("Read from the model file")


def last_used(moment: datetime | None, now: datetime | None = None) -> str:
    """ "3 min ago", then "3 Oct 2026": short enough for a column."""
    if moment is None:
        return tr("never")
    reference = now or datetime.now(UTC)
    if (reference - moment).total_seconds() < DAY_S:
        return ago(moment, reference)
    local = moment.astimezone()
    return QLocale().toString(QDate(local.year, local.month, local.day), "d MMM yyyy")


def settings_words(settings: LoadSettings, runtime: str) -> str:
    """The load settings somebody chose, in one line."""
    layers = tr("all") if settings.gpu_layers == -1 else number(settings.gpu_layers or 0)
    chosen = facts(
        tr("context {tokens}", tokens=tokens(settings.context)) if settings.context else None,
        tr("{count} threads", count=number(settings.threads)) if settings.threads else None,
        tr("GPU layers {count}", count=layers) if settings.gpu_layers is not None else None,
        plural("{count} slot", "{count} slots", settings.parallel) if settings.parallel else None,
        tr("KV {kind}", kind=settings.kv_type) if settings.kv_type else None,
    )
    return chosen or tr("{runtime} chooses them", runtime=runtime)


def removal_consequence(
    model: ModelMetadata, runtime: str, bytes_per_s: float | None, *, shared_with: Sequence[str] = ()
) -> str:
    """What a removal deletes, and what bringing it back would cost; `shared_with` are other names of its content."""
    size = size_of(model)
    if shared_with:
        names = ", ".join(shared_with)
        return tr(
            "Its content stays under {names}, so no space becomes free in {runtime}.", names=names, runtime=runtime
        )
    amount = gigabytes(size)
    if not model.files:
        sentence = tr("Its file ({size}) is deleted from {runtime}.", size=amount, runtime=runtime)
    elif len(model.files) == 1:
        sentence = tr("Its file ({size}) is deleted from this computer.", size=amount)
    else:
        count = number(len(model.files))
        sentence = tr("Its {count} files ({size}) are deleted from this computer.", count=count, size=amount)
    if bytes_per_s and size and can_download(model):
        again = minutes(size / bytes_per_s)
        sentence += " " + tr("Installing it again takes about {duration} at your usual speed.", duration=again)
    return sentence


def minutes(seconds: float) -> str:
    """ "4 minutes", "20 seconds", "2 hours": rough on purpose."""
    if seconds < 55:
        return plural("{count} second", "{count} seconds", max(1, round(seconds)))
    if seconds < 5400:
        return plural("{count} minute", "{count} minutes", max(1, round(seconds / 60)))
    return plural("{count} hour", "{count} hours", round(seconds / 3600))


def row_sentence(row: Row, title: str) -> str:
    """What a screen reader says of a row."""
    look = state_look(row.state)
    parts = [row.model.display_name, title, gigabytes(size_of(row.model)), row.capabilities.quantization]
    parts.append(look.text if look is not None else None)
    if row.has_update and row.state is not State.UPDATE_AVAILABLE:
        parts.append(update_look().text)
    return ", ".join(part for part in parts if part)


def yes_or_no(value: bool | None) -> str:
    if value is None:
        return unknown()
    return tr("yes") if value else tr("no")
