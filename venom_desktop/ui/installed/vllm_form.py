"""The fields of what can be set for one model of vLLM."""

from dataclasses import replace

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QLineEdit, QWidget

from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.vllm_lower import Change, Lowered
from venom_desktop.core.runtimes.vllm_settings import VllmOptions, VllmSettings
from venom_desktop.ui import theme
from venom_desktop.ui.i18n import number, tr
from venom_desktop.ui.installed.form import OptionalNumber, form
from venom_desktop.ui.installed.vllm_words import automatic_words, context_of_all, percent
from venom_desktop.ui.widgets import Label, Switch, column, row, wrapped


class VllmForm(QWidget):
    """`changed` at each keystroke. Nothing chosen takes what Settings say for every model, or leaves it to vLLM."""

    changed = QtSignal()

    def __init__(self, options: VllmOptions) -> None:
        super().__init__()
        at_once = None if options.max_num_seqs is None else number(options.max_num_seqs)
        self.share = OptionalNumber(1, 100, automatic=automatic_words(percent(options.gpu_memory_utilization)))
        self.context = OptionalNumber(128, 10_000_000, automatic=automatic_words(context_of_all(options)), step=0)
        self.at_once = OptionalNumber(1, 4096, automatic=automatic_words(at_once))
        self.tensor = OptionalNumber(1, 1024)
        self.pipeline = OptionalNumber(1, 1024)
        self.ray = Switch(tr("Use a Ray cluster"))
        self.ray_address = _line(options.ray_address or tr("The one that it finds"))
        self.eager = Switch(tr("Run without recorded graphs"))
        self.chat_template = _line(tr("The model's own"))
        self.served_name = _line(tr("The model's name"))
        self.trust = Switch(tr("Run code that comes with the model"))
        self._before = VllmSettings()
        self.setLayout(column(self._numbers(), self._cluster(), self._rest(), spacing=8, margins=(0, 0, 8, 0)))
        self._listen()
        self._show_ray()

    def _numbers(self) -> QWidget:
        return form(
            [
                (tr("Share of the graphics memory in %"), self.share),
                (tr("Context in tokens"), self.context),
                (tr("Answers at once"), self.at_once),
                (tr("GPUs that split each layer"), self.tensor),
                (tr("Groups of GPUs that share the layers"), self.pipeline),
            ]
        )

    def _cluster(self) -> QWidget:
        return form([(tr("Use a Ray cluster"), wrapped(row(self.ray, None))), (tr("Its address"), self.ray_address)])

    def _rest(self) -> QWidget:
        fields = form(
            [
                (tr("Run without recorded graphs"), wrapped(row(self.eager, None))),
                (tr("Chat template"), self.chat_template),
                (tr("Name in requests"), self.served_name),
                (tr("Run code that comes with the model"), wrapped(row(self.trust, None))),
            ]
        )
        risk = tr(
            "Such code runs with all your rights: it can read, change and send your files. "
            "Allow it only for a publisher you trust."
        )
        return wrapped(column(fields, Label(risk, "small", tone="warn", wrap=True), spacing=4))

    def _listen(self) -> None:
        for counted in (self.share, self.context, self.at_once, self.tensor, self.pipeline):
            counted.setKeyboardTracking(True)
            counted.valueChanged.connect(lambda _: self.changed.emit())
        for line in (self.ray_address, self.chat_template, self.served_name):
            line.textChanged.connect(lambda _: self.changed.emit())
        for switch in (self.ray, self.eager, self.trust):
            switch.toggled.connect(lambda _: self.changed.emit())
        self.ray.toggled.connect(lambda _: self._show_ray())

    def _show_ray(self) -> None:
        self.ray_address.setEnabled(self.ray.isChecked())

    @property
    def settings(self) -> VllmSettings:
        """Without the context, which `load` has for every kind of runtime."""
        share = self.share.number
        before = self._before.gpu_memory_utilization
        unchanged = before is not None and share == round(before * 100)
        return VllmSettings(
            gpu_memory_utilization=before if unchanged else None if share is None else share / 100,
            max_num_seqs=self.at_once.number,
            served_name=_text(self.served_name),
            chat_template=_text(self.chat_template),
            enforce_eager=self.eager.isChecked(),
            tensor_parallel=self.tensor.number,
            pipeline_parallel=self.pipeline.number,
            ray=self.ray.isChecked(),
            ray_address=_text(self.ray_address),
            trust_remote_code=self.trust.isChecked(),
        )

    def load(self, before: LoadSettings) -> LoadSettings:
        """`before` with what is set here."""
        return replace(before, context=self.context.number, parallel=None)

    def show_settings(self, settings: VllmSettings, load: LoadSettings) -> None:
        self._before = settings
        share = settings.gpu_memory_utilization
        self.share.show_number(None if share is None else round(share * 100))
        self.context.show_number(settings.max_model_len or load.context)
        self.at_once.show_number(settings.max_num_seqs or load.parallel)
        self.tensor.show_number(settings.tensor_parallel)
        self.pipeline.show_number(settings.pipeline_parallel)
        self.ray.setChecked(settings.ray)
        self.ray_address.setText(settings.ray_address or "")
        self.eager.setChecked(settings.enforce_eager)
        self.chat_template.setText(settings.chat_template or "")
        self.served_name.setText(settings.served_name or "")
        self.trust.setChecked(settings.trust_remote_code)

    def take(self, change: Change) -> None:
        """Fill in what is proposed."""
        match change.what:
            case Lowered.CONTEXT:
                self.context.show_number(round(change.after))
            case Lowered.SHARE:
                self.share.show_number(round(change.after * 100))
            case Lowered.AT_ONCE:
                self.at_once.show_number(round(change.after))


def _line(placeholder: str) -> QLineEdit:
    line = QLineEdit()
    line.setPlaceholderText(placeholder)
    theme.set_font(line, "body")
    return line


def _text(line: QLineEdit) -> str | None:
    return line.text().strip() or None
