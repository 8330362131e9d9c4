"""Buttons, chips, bars and their like: what they tell, and what they say to a screen reader."""

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPixmap, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QStyle, QStyleOptionButton, QWidget
from pytestqt.qtbot import QtBot

from venom_desktop.ui.widgets import (
    Banner,
    Bar,
    Button,
    Chip,
    Choice,
    ElidedLabel,
    FlowLayout,
    Label,
    Legend,
    MenuChip,
    Pill,
    PillLook,
    Segment,
    Segmented,
    SettingRow,
    Sparkline,
    Stack,
    Switch,
    ToolButton,
    clear,
    flow,
)
from venom_desktop.ui.widgets.buttons import ButtonKind, ButtonSize


@pytest.fixture(autouse=True)
def dressed(themed: QApplication) -> None:
    """Every test here paints."""


def test_a_forbidden_button_says_why_and_an_allowed_one_what_it_does(qtbot: QtBot) -> None:
    button = Button("Install", "primary", icon="download")
    qtbot.addWidget(button)
    button.set_help("Ctrl+Enter")

    button.forbid("Choose a quantization first")
    assert (button.isEnabled(), button.toolTip()) == (False, "Choose a quantization first")

    button.allow()
    assert (button.isEnabled(), button.toolTip()) == (True, "Ctrl+Enter")
    assert (button.label, button.accessibleName()) == ("Install", "Install")


@pytest.mark.parametrize("size", ["dense", "normal", "large"])
@pytest.mark.parametrize("kind", ["primary", "default", "quiet", "danger", "destroy"])
def test_a_focus_ring_moves_nothing(qtbot: QtBot, size: ButtonSize, kind: ButtonKind) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    other, button = Button("Other"), Button("Restart", kind, size=size)
    other.setParent(window)
    button.setParent(window)
    with qtbot.waitActive(window):
        window.show()
    other.setFocus(Qt.FocusReason.TabFocusReason)
    before = (words_of(button), button.sizeHint())

    button.setFocus(Qt.FocusReason.TabFocusReason)

    assert button.hasFocus()
    assert (words_of(button), button.sizeHint()) == before


def words_of(button: Button) -> tuple[int, int, int]:
    """Where the style puts the words: start, width, middle."""
    option = QStyleOptionButton()
    button.initStyleOption(option)
    rect = button.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, button)
    return rect.left(), rect.width(), rect.center().y()


def test_a_click_gives_no_ring(qtbot: QtBot) -> None:
    widgets = [Button("x"), ToolButton("close", "Close"), Chip("x"), MenuChip("x"), Switch("x")]
    for widget in widgets:
        qtbot.addWidget(widget)
    assert {widget.focusPolicy() for widget in widgets} == {Qt.FocusPolicy.TabFocus}


def test_icon_buttons_and_painted_widgets_have_names(qtbot: QtBot) -> None:
    widgets = [ToolButton("close", "Close"), Bar("Progress"), Stack("Memory"), Sparkline("CPU"), Switch("Keep")]
    for widget in widgets:
        qtbot.addWidget(widget)
    assert [widget.accessibleName() for widget in widgets] == ["Close", "Progress", "Memory", "CPU", "Keep"]


def test_a_menu_chip_shows_its_value_and_tells_a_change_once(qtbot: QtBot) -> None:
    chip = MenuChip("Can do", [("tools", "Tools"), ("vision", "Vision")])
    qtbot.addWidget(chip)
    told: list[object] = []
    chip.chosen.connect(told.append)

    chip.choose("tools")
    chip.choose("tools")
    assert (chip.text(), chip.isChecked()) == ("Can do: Tools", True)

    chip.choose(None)
    assert (chip.text(), chip.isChecked()) == ("Can do", False)
    assert told == ["tools", None]


# The offscreen platform knows neither stacking nor grabs, and says so.
@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_a_click_on_a_menu_chip_does_not_turn_it_on(qtbot: QtBot) -> None:
    chip = MenuChip("Source", [("hub", "Hugging Face")])
    qtbot.addWidget(chip)
    chip.show()
    chip.click()
    assert not chip.isChecked()
    assert chip.value is None


def test_segments_tell_the_new_word(qtbot: QtBot) -> None:
    segmented = Segmented(["Translation", "Original"], meaning="Text")
    qtbot.addWidget(segmented)
    told: list[int] = []
    segmented.chosen.connect(told.append)
    segmented.choose(1)
    assert (segmented.current, told) == (1, [1])


def test_a_wheel_over_a_choice_scrolls_the_page_instead_of_the_value(qtbot: QtBot) -> None:
    choice = Choice("Sort", [("downloads", "Most downloads"), ("likes", "Most likes")])
    qtbot.addWidget(choice)
    choice.show()
    point = QPointF(5, 5)
    event = QWheelEvent(
        point, point, point.toPoint(), point.toPoint() * -24, Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(choice, event)
    assert choice.value == "downloads"


def test_new_choices_keep_the_chosen_value_and_tell_nothing(qtbot: QtBot) -> None:
    choice = Choice("Model", [("a", "A"), ("b", "B")])
    qtbot.addWidget(choice)
    choice.choose("b")
    told: list[object] = []
    choice.chosen.connect(told.append)
    choice.set_choices([("c", "C"), ("b", "B")])
    assert (choice.value, told) == ("b", [])


def test_an_unknown_total_runs_only_while_somebody_can_see_it(qtbot: QtBot) -> None:
    bar = Bar("Progress")
    qtbot.addWidget(bar)
    bar.show_progress(None)
    states = [bar.is_running]
    bar.show()
    states.append(bar.is_running)
    bar.hide()
    states.append(bar.is_running)
    bar.show()
    bar.show_progress(0.4)
    states.append(bar.is_running)
    assert states == [False, True, False, False]
    assert bar.accessibleDescription() == "40\u00a0%"


def test_a_label_shows_markup_of_others_as_text(qtbot: QtBot) -> None:
    label = Label("<img src='http://127.0.0.1:9/x'><b>x</b>")
    qtbot.addWidget(label)
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_an_elided_label_has_its_full_text_as_tooltip_only_while_it_is_cut(qtbot: QtBot) -> None:
    label = ElidedLabel("bartowski/Qwen2.5-Coder-7B-Instruct-GGUF:Q4_K_M", middle=True)
    qtbot.addWidget(label)
    label.resize(80, 20)
    label.grab()
    assert label.toolTip() == label.text()
    label.resize(800, 20)
    label.grab()
    assert label.toolTip() == ""


def test_a_pill_grows_with_its_words(qtbot: QtBot) -> None:
    pill = Pill(PillLook(text="Ok", glyph="disc", state="ok"))
    qtbot.addWidget(pill)
    before = pill.sizeHint().width()
    pill.show_look(PillLook(text="Update available", glyph="update", state="part", tip="4.7 GB"))
    assert pill.sizeHint().width() > before
    assert (pill.accessibleName(), pill.toolTip()) == ("Update available", "4.7 GB")


def test_a_stack_reads_its_amounts_aloud(qtbot: QtBot) -> None:
    stack, legend = Stack("Memory"), Legend()
    qtbot.addWidget(stack)
    qtbot.addWidget(legend)
    segments = [Segment(amount=1, text="Weights 1.0"), Segment(amount=2, text="KV cache 2.0", hatched=True)]
    stack.show_segments(segments, 2)
    legend.show_segments(segments)
    stack.render(QPixmap(100, 10))
    assert stack.accessibleDescription() == "Weights 1.0, KV cache 2.0"
    assert [label.text() for label in legend.findChildren(QLabel)] == ["Weights 1.0", "KV cache 2.0"]


def test_a_banner_is_silent_until_it_has_something_to_say(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    banner = Banner("note")
    banner.setParent(holder)
    pressed: list[bool] = []
    assert banner.isHidden()

    banner.tell("The hub does not answer.", "Try again", lambda: pressed.append(True))
    banner.button.click()

    assert not banner.isHidden()
    assert pressed == [True]
    banner.tell("The hub does not answer.")
    assert banner.button.isHidden()


def test_a_banner_that_is_told_its_kind_again_keeps_the_icon_of_its_button(qtbot: QtBot) -> None:
    banner = Banner("note")
    qtbot.addWidget(banner)
    banner.tell("The hub does not answer.", "Try again", lambda: None, icon="refresh")

    banner.show_kind("note")

    assert not banner.button.icon().isNull()


def test_a_value_set_by_the_environment_is_locked_behind_a_pill(qtbot: QtBot) -> None:
    control = Switch("Local API")
    setting = SettingRow("Local API", "Answers on this computer", control, set_by="VENOM_API")
    qtbot.addWidget(setting)
    setting.show()
    assert not control.isVisible()
    assert [pill.look.text for pill in setting.findChildren(Pill)] == ["From VENOM_API"]


def test_a_flow_wraps_where_the_width_ends_and_can_be_emptied(qtbot: QtBot) -> None:
    widget = flow(*[Pill(PillLook(text="Vision")) for _ in range(6)], spacing=6)
    qtbot.addWidget(widget)
    layout = widget.layout()
    assert isinstance(layout, FlowLayout)
    one_line, wrapped = layout.heightForWidth(2000), layout.heightForWidth(150)
    assert wrapped > 2 * one_line
    clear(layout)
    assert layout.count() == 0


def test_the_gap_of_a_button_stands_between_its_words_and_its_icon(themed: QApplication, qtbot: QtBot) -> None:
    leading, trailing = Button("Retry", icon="refresh"), Button("Browse", icon="right", trailing=True)
    for button in (leading, trailing):
        qtbot.addWidget(button)

    assert (leading.text(), trailing.text()) == ("\u2009Retry", "Browse\u2009")
    assert (leading.accessibleName(), trailing.accessibleName()) == ("Retry", "Browse")
