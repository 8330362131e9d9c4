"""The prompt panel: a conversation with the model that is active, and what it cost in time."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QGuiApplication

from venom_desktop.core.errors import Cure
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui import theme
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.messages import show_error
from venom_desktop.ui.runtime.prompt_conversation import ConversationView
from venom_desktop.ui.runtime.prompt_empty import PromptEmpty
from venom_desktop.ui.runtime.prompt_foot import FiguresRow, QuestionField, SendButton
from venom_desktop.ui.runtime.prompt_images import AttachedImages
from venom_desktop.ui.runtime.prompt_options import PromptOptions
from venom_desktop.ui.runtime.prompt_session import Exchange, PromptSession
from venom_desktop.ui.runtime.prompt_settings import PromptSettings, put_options, read_options
from venom_desktop.ui.runtime.prompt_words import Answerer, Readiness, obstacle
from venom_desktop.ui.settings.picking import DialogPicker, Picker
from venom_desktop.ui.widgets import (
    Banner,
    ElidedLabel,
    Frame,
    Label,
    ToolButton,
    column,
    hairline,
    row,
    scrolling,
    wrapped,
)

ANSWER_KEY = "prompt answer"
SAVE_KEY = "prompt settings"
_AGAIN = frozenset({Cure.TRY_AGAIN, Cure.RETRY})


class PromptPanel(Frame):
    """`show_answerer` says who answers. `cure_wanted(Cure)` carries what lies outside; `closed` ends the overlay."""

    cure_wanted = QtSignal(object)
    closed = QtSignal()

    def __init__(self, bridge: Bridge, *, ask: Ask, ui_state: UiState, picker: Picker | None = None) -> None:
        super().__init__("panel")
        self.setAccessibleName(tr("Try a prompt"))
        self._bridge = bridge
        self._picker = picker or DialogPicker()
        self._ui_state = ui_state
        self._answerer = Answerer()
        self.session = PromptSession(ask)
        self._make()
        self._place()
        self.settings.changed.connect(self._remember)
        self.input.textChanged.connect(self._judge)
        self.input.send_wanted.connect(self._send)
        self.input.image_given.connect(self.images.take)
        self.images.refused.connect(partial(show_error, self.banner))
        bridge.listen(self.session.listed, self, self._show_listed)
        bridge.listen_merged(self.session.changed, self, self._show_changed, key=lambda exchange: exchange.number)
        self._show_state()

    def _make(self) -> None:
        cures = self.cure_wanted.emit
        self._model = ElidedLabel("", "small", tone="text2", middle=True)
        self.settings_button = ToolButton(
            "settings", tr("Settings of the prompt"), icon_size=16, on_click=self._toggle_settings
        )
        self.settings_button.setCheckable(True)
        self.clear_button = ToolButton("trash", tr("Clear the conversation"), icon_size=16, on_click=self._clear)
        self.close_button = ToolButton("close", tr("Close"), icon_size=16, on_click=self.closed.emit)
        self.settings = PromptSettings(read_options(self._ui_state))
        self.empty = PromptEmpty(lambda: cures(Cure.START_RUNTIME), lambda: cures(Cure.ACTIVATE_MODEL))
        self.conversation = ConversationView(self.session, self._cure)
        self.figures = FiguresRow(self._copy, self.ask_again)
        self.banner = Banner("note", icon="info")
        self.input = QuestionField()
        self.images = AttachedImages(self._bridge, self._picker)
        self.attach_button = ToolButton("vision", tr("Add a picture…"), icon_size=16, on_click=self.images.choose)
        self.send_button = SendButton(self._send_or_stop)

    def _place(self) -> None:
        verbs = (self.settings_button, self.clear_button, self.close_button)
        title = Label(tr("Try a prompt"), "heading")
        head = row(title, 2, (self._model, 1), *verbs, spacing=4, margins=(20, 16, 14, 8))
        self._settings_place = scrolling(wrapped(row(self.settings, margins=(20, 0, 20, 8))))
        hint = Label(tr("Ctrl+Enter sends"), "small", tone="text3")
        tools = row(self.attach_button, hint, None, self.send_button)
        foot = column(self.banner, self.images, self.input, tools, margins=(20, 12, 20, 14))
        middle = ((self.empty, 2), (self.conversation, 2), self.figures)
        self.setLayout(column(head, (self._settings_place, 3), *middle, hairline(), foot, spacing=0))
        self.setMinimumWidth(320)
        self._settings_place.hide()
        self.close_button.hide()

    def show_answerer(self, answerer: Answerer) -> None:
        """Who answers, and whether it can now."""
        if answerer != self._answerer:
            self._answerer = answerer
            self._show_state()

    def as_overlay(self, overlay: bool) -> None:
        """Over the page it has a close button and an edge of its own."""
        self.close_button.setVisible(overlay)
        theme.set_variant(self, "role", "side" if overlay else "panel")

    def focus_input(self) -> None:
        self.input.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def go_back(self) -> bool:
        """Close the settings, if they are open."""
        if self._settings_place.isHidden():
            return False
        self._toggle_settings()
        return True

    def ask_again(self) -> None:
        """Ask the last question anew, in place of its answer."""
        number = None if self._hindrance() else self.session.begin_again()
        if number is not None:
            self._answer(number)

    def _send(self) -> None:
        question = self.input.question
        if question and not self.session.busy and not self._hindrance():
            self.input.clear()
            self._answer(self.session.begin(question, self.images.take_all()))

    def _answer(self, number: int) -> None:
        answerer, options = self._answerer, self.settings.options
        answer = self.session.answer(number, answerer.target, options, answerer.capabilities)
        self._bridge.start(ANSWER_KEY, answer)

    def _hindrance(self) -> str:
        """Why nothing can be asked now; "" when it can."""
        return obstacle(self._answerer) or self.settings.problem

    def _send_or_stop(self) -> None:
        if self.session.busy:
            self._stop()
        else:
            self._send()

    def _stop(self) -> None:
        self._bridge.cancel(ANSWER_KEY)
        self.session.stop()

    def _clear(self) -> None:
        self._stop()
        self.session.clear()
        self.focus_input()

    def _copy(self) -> None:
        if (last := self.session.last) is not None:
            QGuiApplication.clipboard().setText(self.session.text(last.number)[0])

    def _cure(self, cure: Cure) -> None:
        if cure in _AGAIN:
            self.ask_again()
        else:
            self.cure_wanted.emit(cure)

    def _toggle_settings(self) -> None:
        shown = self._settings_place.isHidden()
        self._settings_place.setVisible(shown)
        self.settings_button.setChecked(shown)
        if shown:
            self.settings.system_prompt.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self._bridge.start(SAVE_KEY, self._ui_state.save())

    def _remember(self, options: PromptOptions) -> None:
        put_options(self._ui_state, options)
        self._judge()

    def _show_listed(self, exchanges: Sequence[Exchange]) -> None:
        self.conversation.show_exchanges(exchanges)
        self._show_state()

    def _show_changed(self, exchanges: Sequence[Exchange]) -> None:
        self.conversation.show_changed(exchanges)
        self._show_state()

    def _show_state(self) -> None:
        last = self.session.last
        self._model.setText(self._answerer.model)
        self._show_capabilities(self._answerer.capabilities)
        self.empty.show_answerer(self._answerer)
        self.empty.setVisible(last is None)
        self.conversation.setVisible(last is not None)
        self.figures.setVisible(last is not None)
        if last is not None:
            self.figures.show_figures(last.figures)
            self.figures.copy_button.setEnabled(self.session.text(last.number)[1] > 0)
        self.clear_button.setEnabled(last is not None)
        self._show_obstacle()
        self._judge()

    def _show_capabilities(self, capabilities: ModelCapabilities) -> None:
        self.settings.show_capabilities(capabilities)
        sees = bool(capabilities.supports_vision)
        self.attach_button.setVisible(sees)
        self.input.takes_images = sees
        if not sees:
            self.images.take_all()

    def _show_obstacle(self) -> None:
        """Over the question, once something was asked; before that the empty page says it."""
        words = obstacle(self._answerer)
        if not words or self.session.last is None:
            self.banner.hide()
            return
        match self._answerer.readiness:
            case Readiness.STOPPED:
                self.banner.tell(words, tr("Start"), lambda: self.cure_wanted.emit(Cure.START_RUNTIME))
            case Readiness.NOTHING_ACTIVE:
                self.banner.tell(words, tr("Activate a model"), lambda: self.cure_wanted.emit(Cure.ACTIVATE_MODEL))
            case _:
                self.banner.tell(words)

    def _judge(self) -> None:
        busy, words = self.session.busy, self._hindrance()
        self.send_button.show_busy(busy)
        self.figures.again_button.setEnabled(not busy and not words)
        if busy or (not words and self.input.question):
            self.send_button.allow()
        else:
            self.send_button.forbid(words or tr("Write a question first"))
