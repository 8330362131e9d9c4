"""What a model can do, corrected by hand; every field can return to what was detected."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata
from venom_desktop.ui import theme
from venom_desktop.ui.dialogs import Dialog
from venom_desktop.ui.i18n import tokens, tr, unknown
from venom_desktop.ui.installed.form import OptionalNumber, form
from venom_desktop.ui.installed.words import yes_or_no
from venom_desktop.ui.widgets import Button, Choice, Label, column, row, scrolling, wrapped

MOST_CONTEXT: Final = 100_000_000
TEMPLATE_HEIGHT: Final = 76
FORM_HEIGHT: Final = 400


class CapabilitiesDialog(Dialog):
    """`overrides` is what the user set; None in it means that the detected value counts."""

    def __init__(self, parent: QWidget, model: ModelMetadata) -> None:
        super().__init__(
            parent, tr("What {name} can do", name=model.display_name), safe=tr("Cancel"), action=tr("Save")
        )
        found = model.capabilities
        self._kept = model.overrides
        self.switches = {
            field: Choice(words, _answers(getattr(found, field))) for field, words in _switch_words().items()
        }
        context = tr("Detected: {value}", value=tokens(found.max_context_length))
        self.context = OptionalNumber(1, MOST_CONTEXT, automatic=context, step=0)
        self.quantization = _line(found.quantization)
        self.roles = _line(", ".join(found.allowed_roles) if found.allowed_roles is not None else None)
        self.template = QPlainTextEdit()
        self.template.setPlaceholderText(tr("Detected: {value}", value=_first_lines(found.prompt_template)))
        self.template.setFixedHeight(TEMPLATE_HEIGHT)
        self.template.setTabChangesFocus(True)
        self.template.setAccessibleName(tr("Prompt template"))
        theme.set_font(self.template, "mono")
        self.body.addWidget(
            Label(tr("What you set here wins over what was read from the file."), tone="text2", wrap=True)
        )
        self.body.addWidget(self._fields(min(FORM_HEIGHT, parent.window().height() - 220)))
        self.reset = Button(tr("Everything as detected"), "quiet", size="dense", on_click=self.show_detected)
        self.body.addLayout(row(None, self.reset))
        self.show_overrides(model.overrides)
        self.setMinimumWidth(480)

    @property
    def overrides(self) -> ModelCapabilities:
        roles = tuple(role.strip() for role in self.roles.text().split(",") if role.strip())
        answers: dict[str, Any] = {field: choice.value for field, choice in self.switches.items()}
        return replace(
            self._kept,
            **answers,
            max_context_length=self.context.number,
            quantization=self.quantization.text().strip() or None,
            allowed_roles=roles or None,
            prompt_template=self.template.toPlainText() or None,
        )

    def show_overrides(self, overrides: ModelCapabilities) -> None:
        for field, choice in self.switches.items():
            choice.choose(getattr(overrides, field))
        self.context.show_number(overrides.max_context_length)
        self.quantization.setText(overrides.quantization or "")
        self.roles.setText(", ".join(overrides.allowed_roles or ()))
        self.template.setPlainText(overrides.prompt_template or "")

    def show_detected(self) -> None:
        self.show_overrides(ModelCapabilities())

    def _fields(self, height: int) -> QWidget:
        words = _switch_words()
        lines = form(
            [
                *((words[field], choice) for field, choice in self.switches.items()),
                (tr("Context in tokens"), self.context),
                (tr("Quantization"), self.quantization),
                (tr("Allowed roles"), self.roles),
            ]
        )
        label = Label(tr("Prompt template"))
        label.setBuddy(self.template)
        area = scrolling(wrapped(column(lines, label, self.template, spacing=8, margins=(0, 4, 0, 4))))
        area.setMinimumHeight(height)
        area.setAlignment(Qt.AlignmentFlag.AlignTop)
        return area


def _switch_words() -> Mapping[str, str]:
    return {
        "supports_system_role": tr("System role"),
        "supports_function_calling": tr("Tools"),
        "supports_vision": tr("Vision"),
        "supports_thinking": tr("Thinking"),
        "supports_embedding": tr("Embedding"),
    }


def _answers(detected: bool | None) -> list[tuple[object, str]]:
    first = tr("Detected: {value}", value=yes_or_no(detected))
    return [(None, first), (True, tr("Yes")), (False, tr("No"))]


def _line(detected: str | None) -> QLineEdit:
    line = QLineEdit()
    line.setPlaceholderText(tr("Detected: {value}", value=detected or unknown()))
    theme.set_font(line, "body")
    return line


def _first_lines(template: str | None) -> str:
    if not template:
        return unknown()
    text = " ".join(template.split())
    return text if len(text) <= 160 else f"{text[:159]}…"
