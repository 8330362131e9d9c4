"""The settings of the prompt panel, remembered between runs: how the model is asked, and in which form it answers."""

from dataclasses import asdict
from typing import Any

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QDoubleSpinBox, QPlainTextEdit, QSpinBox, QWidget

from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui import theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.runtime.prompt_json import JsonField
from venom_desktop.ui.runtime.prompt_options import LONGEST_TEXT, PromptOptions, parsed_schema, parsed_tools
from venom_desktop.ui.widgets import Frame, Label, Switch, column, row, wrapped

STATE_KEY = "runtime.prompt"
HOTTEST = 2.0
MOST_TOKENS = 1_000_000
_AUTOMATIC = -0.1


def read_options(state: UiState) -> PromptOptions:
    """What was put there before; a value that makes no sense is as if it had never been."""
    kept: Any = state.get(STATE_KEY)
    values: dict[str, Any] = kept if isinstance(kept, dict) else {}
    temperature: Any = values.get("temperature")
    max_tokens: Any = values.get("max_tokens")
    return PromptOptions(
        system_prompt=_text(values.get("system_prompt")),
        temperature=float(temperature) if type(temperature) in (int, float) and 0 <= temperature <= HOTTEST else None,
        max_tokens=max_tokens if type(max_tokens) is int and 0 < max_tokens <= MOST_TOKENS else None,
        schema=_text(values.get("schema")),
        tools=_text(values.get("tools")),
        think=values.get("think") is not False,
    )


def put_options(state: UiState, options: PromptOptions) -> None:
    state.put(STATE_KEY, asdict(options))


class PromptSettings(Frame):
    """Fields in a box; `changed(PromptOptions)` tells every change made by the user.

    `show_capabilities` leaves those that the model has a use for.
    """

    changed = QtSignal(object)

    def __init__(self, options: PromptOptions) -> None:
        self.system_prompt = QPlainTextEdit(options.system_prompt)
        self.temperature = QDoubleSpinBox()
        self.max_tokens = QSpinBox()
        self.think = Switch(tr("Think first"), on=options.think)
        self.schema = JsonField(
            tr("Form of the answer (JSON schema)"),
            '{"type": "object", "properties": {…}}',
            parsed_schema,
            options.schema,
        )
        self.tools = JsonField(
            tr("Functions the model may call (JSON)"),
            '[{"name": "weather", "parameters": {…}}]',
            parsed_tools,
            options.tools,
        )
        self._dress()
        fields = row(
            (column(_title(tr("Temperature")), self.temperature, spacing=6), 1),
            (column(_title(tr("Maximum tokens")), self.max_tokens, spacing=6), 1),
            spacing=12,
        )
        self._think_row = wrapped(row(_title(tr("Think first")), None, self.think))
        head = column(_title(tr("System prompt")), self.system_prompt, spacing=6)
        content = column(head, fields, self._think_row, self.schema, self.tools, spacing=12, margins=(12, 10, 12, 12))
        super().__init__("box", content)
        self.setAccessibleName(tr("Settings of the prompt"))
        self._show(options)
        self.system_prompt.textChanged.connect(self._tell)
        self.temperature.valueChanged.connect(self._tell)
        self.max_tokens.valueChanged.connect(self._tell)
        self.think.toggled.connect(self._tell)
        self.schema.changed.connect(self._tell)
        self.tools.changed.connect(self._tell)
        self.show_capabilities(ModelCapabilities())

    @property
    def problem(self) -> str:
        """Why nothing can be asked with these settings, "" when it can."""
        shown = (field for field in (self.schema, self.tools) if not field.isHidden())
        problem = next((field.problem for field in shown if field.problem), None)
        return message_of(problem).sentence if problem else ""

    def show_capabilities(self, capabilities: ModelCapabilities) -> None:
        """Thinking has a switch where the model can; functions have a field unless it is known not to call any."""
        self._think_row.setVisible(bool(capabilities.supports_thinking))
        self.tools.setVisible(capabilities.supports_function_calling is not False)

    @property
    def options(self) -> PromptOptions:
        temperature, max_tokens = self.temperature.value(), self.max_tokens.value()
        return PromptOptions(
            system_prompt=self.system_prompt.toPlainText(),
            temperature=round(temperature, 2) if temperature >= 0 else None,
            max_tokens=max_tokens or None,
            schema=self.schema.text,
            tools=self.tools.text,
            think=self.think.isChecked(),
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


def _text(value: Any) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def _title(text: str) -> Label:
    return Label(text, "small_medium", tone="text2")
