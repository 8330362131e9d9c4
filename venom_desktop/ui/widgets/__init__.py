"""The bricks of every tab. Import from here: `from venom_desktop.ui.widgets import Button, Table, row`.

Ground rules
    Name colours and fonts by role (`ui/theme_tokens.py`), never by value; only `ui/theme.py` sets a style sheet.
    Every text passes `ui/i18n.py`. Every icon button and painted widget takes its `meaning` (accessible name).
    Layouts: `row(a, None, b)` has a stretch between, `column(a, 12, (b, 1))` a gap of 12 and a growing `b`;
    `flow(...)` wraps; `wrapped(layout)` makes a widget of a layout; `clear(layout)` empties one.

Texts      Label(text, role, tone=, wrap=)   ElidedLabel(text, role, middle=)   Icon(name, size, role)
           Prose(meaning): `show_markdown`, `show_html`; as high as its text, loads nothing, http(s) links only
           FactList().show_facts([(name, value, middle)])
Buttons    Button(text, "primary" | "default" | "quiet" | "danger" | "destroy", icon=, size="dense" | "large")
           `forbid(reason)` disables with a tooltip, `allow()` enables; ToolButton(icon, meaning)
           One primary button per view: at the foot of the DetailsPanel.
Filters    Chip(text).toggled   MenuChip(text, [(value, words)]).chosen   Segmented([...], meaning=).chosen
           SearchField(placeholder)   Choice(meaning, [(value, words)]).chosen   Switch(meaning, on=).toggled
States     pill(text, glyph, state, tip=) / Pill(PillLook(...)).show_look   fit_look(verdict) -> PillLook
           Banner("note" | "cure" | "box").tell(sentence, action, on_click); hidden until it has something to say
           EmptyState(icon, title, sentence, *buttons)
Amounts    Bar(meaning).show_progress(0.43 or None, paused=)   Stack(meaning).show_segments([Segment(...)], total)
           Legend().show_segments(same)   Sparkline(meaning).add(0.18)   Chart(meaning).add(0.5, "6.4 of 12 GB")
Tables     Table(meaning, two_lines=, sortable=) with a QAbstractTableModel whose `UserRole` is the row's snapshot,
           `AccessibleTextRole` its sentence, `TextAlignmentRole` of a header its side. Subclass RowDelegate:
               class CatalogDelegate(RowDelegate):
                   def paint_cell(self, cell: Cell) -> None:
                       entry = cell.value
                       match cell.column:
                           case 0: cell.name(entry.display_name, entry.model_name, entry.publisher or "")
                           case 1: cell.text(gigabytes(...), trailing=True)
                           case _: cell.pill(fit_look(entry.fit))
           `table.set_column_widths({1: 108, 2: 90}, stretch=0)` after `setModel`; keep a reference to the delegate.
           Signals: row_changed, enter_pressed, space_pressed, delete_pressed, menu_requested.
Frames     Frame("card" | "box" | "panel" | "bar" | "side-start", layout)   hairline()   scrolling(widget)
           SideSplitter(list, DetailsPanel(meaning)): `panel.body` scrolls, `panel.foot` stays;
           `splitter.state()` / `restore(...)` between runs. Menu() instead of QMenu.
Settings   SettingsPage(title).add_group(heading, SettingRow(title, help, control, set_by=None), ...);
           `row.show_result(sentence, tone)` says in place what came of a change
           NavigationList(meaning, [(icon, word)]).chosen
Pages      A tab's page may have `set_narrow(bool)` (window under 1100 px), `focus_search()`, `refresh()` and
           `go_back() -> bool` (Esc; True when it did something).
Dialogs    `ui/dialogs.py`: `await ask(parent, Question(...))`; core errors: `ui/messages.py`; tasks: `ui/bridge.py`.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venom_desktop.ui.widgets.banner import Banner
    from venom_desktop.ui.widgets.bars import Bar, paint_bar
    from venom_desktop.ui.widgets.buttons import Button, ToolButton
    from venom_desktop.ui.widgets.charts import Chart, Sparkline
    from venom_desktop.ui.widgets.chips import Chip, MenuChip
    from venom_desktop.ui.widgets.delegate import Cell, RowDelegate
    from venom_desktop.ui.widgets.empty import EmptyState
    from venom_desktop.ui.widgets.fields import Choice, FactList, SearchField
    from venom_desktop.ui.widgets.frames import Frame, hairline, scrolling
    from venom_desktop.ui.widgets.labels import ElidedLabel, Icon, Label, LegendMark, paint_legend_mark
    from venom_desktop.ui.widgets.layouts import FlowLayout, clear, column, flow, row, wrapped
    from venom_desktop.ui.widgets.menu import Menu
    from venom_desktop.ui.widgets.nav import NavigationList
    from venom_desktop.ui.widgets.panel import DetailsPanel, SideSplitter
    from venom_desktop.ui.widgets.pills import Pill, PillLook, fit_look, paint_pill, pill, pill_size, widest_fit_pill
    from venom_desktop.ui.widgets.prose import Prose
    from venom_desktop.ui.widgets.segmented import Segmented
    from venom_desktop.ui.widgets.settings import SettingRow, SettingsBox, SettingsPage
    from venom_desktop.ui.widgets.stack import Legend, Segment, Stack
    from venom_desktop.ui.widgets.switch import Switch
    from venom_desktop.ui.widgets.table import Table
    from venom_desktop.ui.widgets.tiles import Tile, paint_tile

__all__ = [
    "Banner", "Bar", "Button", "Cell", "Chart", "Chip", "Choice", "DetailsPanel", "ElidedLabel", "EmptyState",
    "FactList", "FlowLayout", "Frame", "Icon", "Label", "Legend", "LegendMark", "Menu", "MenuChip", "NavigationList",
    "Pill", "PillLook", "Prose", "RowDelegate", "SearchField", "Segment", "Segmented", "SettingRow", "SettingsBox",
    "SettingsPage", "SideSplitter", "Sparkline", "Stack", "Switch", "Table", "Tile", "ToolButton", "clear", "column",
    "fit_look", "flow", "hairline", "paint_bar", "paint_legend_mark", "paint_pill", "paint_tile", "pill", "pill_size",
    "row", "scrolling", "widest_fit_pill", "wrapped",
]  # fmt: skip

_HOMES = {
    "banner": "Banner",
    "bars": "Bar paint_bar",
    "buttons": "Button ToolButton",
    "charts": "Chart Sparkline",
    "chips": "Chip MenuChip",
    "delegate": "Cell RowDelegate",
    "empty": "EmptyState",
    "fields": "Choice FactList SearchField",
    "frames": "Frame hairline scrolling",
    "labels": "ElidedLabel Icon Label LegendMark paint_legend_mark",
    "layouts": "FlowLayout clear column flow row wrapped",
    "menu": "Menu",
    "nav": "NavigationList",
    "panel": "DetailsPanel SideSplitter",
    "pills": "Pill PillLook fit_look paint_pill pill pill_size widest_fit_pill",
    "prose": "Prose",
    "segmented": "Segmented",
    "settings": "SettingRow SettingsBox SettingsPage",
    "stack": "Legend Segment Stack",
    "switch": "Switch",
    "table": "Table",
    "tiles": "Tile paint_tile",
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Import a brick when it is first asked for: the first picture of the window needs a third of them."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
