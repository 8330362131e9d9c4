"""What a check for updates found, in words."""

from venom_desktop.core.registry.updates import Updates, UpdateState, UpdateStatus
from venom_desktop.ui.i18n import ago, facts, gigabytes, plural, tr
from venom_desktop.ui.messages import message_of


def found_words(updates: Updates) -> str:
    """ "2 updates", "Up to date", "1 update \u00b7 not known for 1"; empty before anything was asked."""
    available, unknown = count_of(updates, UpdateStatus.AVAILABLE), count_of(updates, UpdateStatus.UNKNOWN)
    if not updates:
        return ""
    if unknown and not available:
        return plural("Not known for {count} model", "Not known for {count} models", unknown)
    found = plural("{count} update", "{count} updates", available) if available else tr("Up to date")
    return facts(found, tr("not known for {count}", count=unknown) if unknown else None)


def found_tip(updates: Updates) -> str:
    """When it was asked, and what the registries said that told nothing."""
    if not updates:
        return ""
    asked = tr("Asked {when}", when=ago(max(state.checked_at for state in updates.values())))
    failures = [f"{key.name}: {message_of(state.error).sentence}" for key, state in updates.items() if state.error]
    return "\n".join((asked, *failures))


def count_of(updates: Updates, status: UpdateStatus) -> int:
    return sum(state.status is status for state in updates.values())


def update_detail(state: UpdateState) -> str:
    """What an update fetches."""
    if state.size_bytes is None:
        return tr("Parts that did not change are kept")
    return tr("Up to {size} to download", size=gigabytes(state.size_bytes))


def several_words(updates: Updates) -> str:
    """ "2 newer versions are published, together up to 9.4 GB."."""
    found = [state for state in updates.values() if state.status is UpdateStatus.AVAILABLE]
    sizes = [state.size_bytes for state in found if state.size_bytes is not None]
    size = gigabytes(sum(sizes)) if len(sizes) == len(found) else None
    if size is None:
        return plural("{count} newer version is published.", "{count} newer versions are published.", len(found))
    return plural(
        "{count} newer version is published, up to {size} to download.",
        "{count} newer versions are published, up to {size} to download.",
        len(found),
        size=size,
    )
