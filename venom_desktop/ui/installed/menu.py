"""The row menu: the panel's verbs in the panel's words, forbidden where the panel forbids them."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from venom_desktop.ui import icons
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed.details import InstalledDetails
from venom_desktop.ui.installed.foot import Foot
from venom_desktop.ui.installed.verbs import Verb
from venom_desktop.ui.widgets import Button, Menu


def row_menu(
    parent: QWidget,
    foot: Foot,
    *,
    details: InstalledDetails,
    do: Callable[[Verb], None],
    press_primary: Callable[[], None],
) -> Menu:
    """A menu that is deleted when it closes."""
    menu = Menu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    _add(menu, foot.text, foot.icon, details.primary, press_primary)
    if details.offers_unload:
        menu.addAction(icons.icon("eject"), tr("Unload")).triggered.connect(lambda: do(Verb.UNLOAD))
    menu.addSeparator()
    if not details.update_box.isHidden():
        _add(menu, tr("Update"), "update", details.update_box.button, lambda: do(Verb.UPDATE))
    if not details.verify.isHidden():
        _add(menu, tr("Verify"), "check", details.verify, lambda: do(Verb.VERIFY))
    if not details.open_folder.isHidden():
        _add(menu, tr("Open folder"), "folder", details.open_folder, lambda: do(Verb.OPEN_FOLDER))
    if not details.copy.isHidden():
        _add(menu, tr("Copy…"), "copy", details.copy, lambda: do(Verb.COPY))
        _add(menu, tr("Rename…"), None, details.rename, lambda: do(Verb.RENAME))
    _add(menu, tr("Edit capabilities…"), None, details.edit, lambda: do(Verb.CAPABILITIES))
    _add(menu, tr("Load settings…"), None, details.load_settings, lambda: do(Verb.LOAD_SETTINGS))
    if not details.remove.isHidden():
        menu.addSeparator()
        _add(menu, tr("Remove…"), "trash", details.remove, lambda: do(Verb.REMOVE))
    return menu


def _add(menu: Menu, text: str, icon: str | None, button: Button, on_click: Callable[[], None]) -> None:
    action = menu.addAction(text)
    if icon is not None:
        action.setIcon(icons.icon(icon))
    action.setEnabled(button.isEnabled())
    action.setToolTip(button.toolTip())
    action.triggered.connect(lambda: on_click())
