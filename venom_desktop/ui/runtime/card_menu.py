"""What the More menu of a card offers: the last model, tuning, log, updates, the address."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from venom_desktop.core.errors import OutOfGraphicsMemory
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.ui import icons
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.links import open_file
from venom_desktop.ui.runtime.card_facts import CardFacts
from venom_desktop.ui.runtime.process_words import answers_here
from venom_desktop.ui.runtime.prompt_words import short_name
from venom_desktop.ui.widgets import Menu

Act = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntries:
    """What can be done; None for what this runtime does not have."""

    facts: CardFacts
    log_file: Path | None
    activate: Act
    show_log: Act
    settings: Act
    tune: Act | None = None
    check: Act | None = None
    update: Act | None = None
    roll_back: Act | None = None
    make_service: Act | None = None
    previous_version: str | None = None
    installed_version: str | None = None


def fill_menu(menu: Menu, entries: MenuEntries) -> None:
    menu.clear()
    if entries.facts.server is not None or isinstance(entries.facts.snapshot.error, OutOfGraphicsMemory):
        _add_model(menu, entries)
    if entries.tune is not None:
        menu.addAction(icons.icon("settings"), tr("Tuning"), entries.tune)
    menu.addAction(icons.icon("log"), tr("Show the log"), entries.show_log)
    if entries.log_file is not None:
        opened = menu.addAction(
            icons.icon("external"), tr("Open the log file"), partial(open_file, str(entries.log_file))
        )
        opened.setEnabled(entries.log_file.exists())
    if entries.make_service is not None:
        menu.addAction(icons.icon("runtime"), tr("Run as a service…"), entries.make_service)
    if entries.installed_version is not None:
        # A program that somebody else installed is theirs to update.
        _add_versions(menu, entries)
    menu.addSeparator()
    endpoint = entries.facts.snapshot.endpoint
    copy = menu.addAction(icons.icon("copy"), tr("Copy the server's address"), partial(_copy, f"{endpoint}/v1"))
    copy.setEnabled(endpoint is not None)
    menu.addAction(icons.icon("disk"), tr("Runtime settings"), entries.settings)


def _add_model(menu: Menu, entries: MenuEntries) -> None:
    """A server starts without a model, so the one it had is offered here; so is one that may fit by now."""
    model = entries.facts.last_model
    if model is None or entries.facts.snapshot.state is RuntimeState.UNAVAILABLE:
        return
    activate = menu.addAction(icons.icon("bolt"), tr("Activate {name}", name=short_name(model)), entries.activate)
    activate.setEnabled(not answers_here(entries.facts))
    menu.addSeparator()


def _add_versions(menu: Menu, entries: MenuEntries) -> None:
    menu.addSeparator()
    newer = entries.facts.server.newer if entries.facts.server else ""
    if newer and entries.update is not None:
        menu.addAction(icons.icon("update"), tr("Update to {version}", version=newer), entries.update)
    elif entries.check is not None:
        menu.addAction(icons.icon("update"), tr("Check for an update"), entries.check)
    if entries.previous_version is not None and entries.roll_back is not None:
        words = tr("Return to {version}", version=entries.previous_version)
        menu.addAction(icons.icon("refresh"), words, entries.roll_back)


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
