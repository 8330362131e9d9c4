"""System prompt, temperature and maximum tokens of the prompt panel, remembered between runs."""

from typing import Any

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QDoubleSpinBox, QPlainTextEdit, QSpinBox, QWidget

from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui import theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.prompt_session import PromptOptions
from venom_desktop.ui.widgets import Frame, Label, column, row

STATE_KEY = "runtime.prompt"
HOTTEST = 2.0
MOST_TOKENS = 1_000_000
_AUTOMATIC = -0.1


def read_options(state: UiState) -> PromptOptions:
    """What was put there before; a value that makes no sense is as if it had never been."""
    kept: Any = state.get(STATE_KEY)
    values: dict[str, Any] = kept if isinstance(kept, dict) else {}
    system_prompt: Any = values.get("system_prompt")
    temperature: Any = values.get("temperature")
    max_tokens: Any = values.get("max_tokens")
    return PromptOptions(
        system_prompt=system_prompt if isinstance(system_prompt, str) else "",
        temperature=float(temperature) if type(temperature) in (int, float) and 0 <= temperature <= HOTTEST else None,
        max_tokens=max_tokens if type(max_tokens) is int and 0 < max_tokens <= MOST_TOKENS else None,
    )


def put_options(state: UiState, options: PromptOptions) -> None:
    values = {
        "system_prompt": options.system_prompt,
        "temperature": options.temperature,
        "max_tokens": options.max_tokens,
    }
    state.put(STATE_KEY, values)


class PromptSettings(Frame):
    """Three fields in a box; `changed(PromptOptions)` tells every change made by the user."""

    changed = QtSignal(object)

    def __init__(self, options: PromptOptions) -> None:
        self.system_prompt = QPlainTextEdit(options.system_prompt)
        self.temperature = QDoubleSpinBox()
        self.max_tokens = QSpinBox()
        self._dress()
        fields = row(
            (column(_title(tr("Temperature")), self.temperature, spacing=6), 1),
            (column(_title(tr("Maximum tokens")), self.max_tokens, spacing=6), 1),
            spacing=12,
        )
        content = column(
            _title(tr("System prompt")), self.system_prompt, 6, fields, spacing=6, margins=(12, 10, 12, 12)
        )
        super().__init__("box", content)
        self.setAccessibleName(tr("Settings of the prompt"))
        self._show(options)
        self.system_prompt.textChanged.connect(self._tell)
        self.temperature.valueChanged.connect(self._tell)
        self.max_tokens.valueChanged.connect(self._tell)

    @property
    def options(self) -> PromptOptions:
        temperature, max_tokens = self.temperature.value(), self.max_tokens.value()
        return PromptOptions(
            system_prompt=self.system_prompt.toPlainText(),
            temperature=round(temperature, 2) if temperature >= 0 else None,
            max_tokens=max_tokens or None,
        )

    def _dress(self) -> None:
        self.system_prompt.setPlaceholderText(tr("How the model is to answer, for every question"))
        self.system_prompt.setFixedHeight(64)
        self.system_prompt.setTabChangesFocus(True)
        self.temperature.setRange(_AUTOMATIC, HOTTEST)
        self.temperature.setSingleStep(0.1)
        self.temperature.setDecimals(1)
        self.temperature.setSpecialValueText(tr("Automatic"))
        self.max_tokens.setRange(0, MOST_TOKENS)
        self.max_tokens.setSingleStep(128)
        self.max_tokens.setSpecialValueText(tr("No limit"))
        for number in (self.temperature, self.max_tokens):
            # The padding of the style sheet does not reach the text of a spin box.
            number.lineEdit().setTextMargins(7, 0, 0, 0)
        fields: tuple[tuple[QWidget, str], ...] = (
            (self.system_prompt, tr("System prompt")),
            (self.temperature, tr("Temperature")),
            (self.max_tokens, tr("Maximum tokens")),
        )
        for field, meaning in fields:
            field.setAccessibleName(meaning)
            theme.set_font(field, "body")

    def _show(self, options: PromptOptions) -> None:
        self.temperature.setValue(_AUTOMATIC if options.temperature is None else options.temperature)
        self.max_tokens.setValue(options.max_tokens or 0)

    def _tell(self) -> None:
        self.changed.emit(self.options)


def _title(text: str) -> Label:
    return Label(text, "small_medium", tone="text2")
