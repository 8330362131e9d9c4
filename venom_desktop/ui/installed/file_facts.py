"""The facts of an installed model's file, and where it lies."""

from pathlib import Path

from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.registry.updates import UpdateState, UpdateStatus
from venom_desktop.ui.catalog.words import license_words, provider_words
from venom_desktop.ui.i18n import ago, date, facts, gigabytes, tr, unknown
from venom_desktop.ui.installed.presenter import Row, size_of
from venom_desktop.ui.installed.states import State
from venom_desktop.ui.installed.words import last_used
from venom_desktop.ui.messages import message_of

Fact = tuple[str, str, bool]
"""Name, value, and True where the value's end matters."""


def second_line(model: ModelMetadata) -> str:
    """Under the name in the panel: Ollama's or the hub's own name, and where it came from."""
    source = provider_words(model.provider) if model.provider is not None else None
    return facts(model.name, source)


def file_facts(row: Row, runtime: str) -> list[Fact]:
    """`runtime` is its title."""
    model = row.model
    found: list[Fact] = [(tr("Size"), facts(gigabytes(size_of(model)), row.capabilities.quantization), False)]
    if model.license:
        found.append((tr("Licence"), license_words(model.license), False))
    found += [
        (tr("Installed"), date(model.installed_at), False),
        (tr("Last used"), last_used(model.last_used_at), False),
    ]
    return found + (_of_store(row, runtime) if row.store is not None else _of_files(model))


def _of_files(model: ModelMetadata) -> list[Fact]:
    found: list[Fact] = []
    if model.model_class:
        found.append((tr("Architecture"), model.model_class, True))
    found.append((tr("Checksum"), checksum_words(model), False))
    if model.revision:
        found.append((tr("Revision"), model.revision, True))
    if model.folder is not None:
        found.append((tr("Folder"), short_path(model.folder), True))
    return found


def _of_store(row: Row, runtime: str) -> list[Fact]:
    folder = folder_of(row)
    digest = row.model.revision
    found: list[Fact] = []
    if row.state is State.GONE:
        return []
    if row.update is not None and not row.has_update:
        # That there is a newer one is said by the box with its verb.
        found.append((tr("Version"), version_words(row.update), False))
    found += [
        (tr("Checksum"), tr("checked by {runtime}", runtime=runtime), False),
        (tr("Digest"), f"sha256:{digest}" if digest else unknown(), True),
        (tr("Folder"), unknown() if folder is None else short_path(folder), True),
    ]
    return found


def version_words(state: UpdateState) -> str:
    """What was heard about a newer one, and when."""
    match state.status:
        case UpdateStatus.CURRENT:
            return facts(tr("newest"), tr("asked {when}", when=ago(state.checked_at)))
        case UpdateStatus.AVAILABLE:
            return tr("a newer one is published")
        case UpdateStatus.UNKNOWN:
            return message_of(state.error).sentence if state.error is not None else unknown()


def checksum_words(model: ModelMetadata) -> str:
    if model.checksum_differs:
        return tr("differs from the publisher's")
    if not model.checksums:
        return tr("none to compare with")
    if model.verified_at is None:
        return tr("not verified yet")
    return tr("verified {date}", date=date(model.verified_at))


def folder_of(row: Row) -> Path | None:
    """Where its files lie; None when nobody knows."""
    if row.store is not None:
        return row.store.folder
    return row.model.folder


def short_path(path: Path) -> str:
    """With ~ for the home folder."""
    home = Path.home()
    return str(Path("~") / path.relative_to(home)) if path.is_relative_to(home) else str(path)
