"""How one model is loaded: context, threads, GPU layers, answers at once, and the type of its cache."""

from PySide6.QtWidgets import QWidget

from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.model_settings import KV_TYPES, LIMITS
from venom_desktop.ui.dialogs import Dialog
from venom_desktop.ui.i18n import tokens, tr
from venom_desktop.ui.installed.form import OptionalNumber, form
from venom_desktop.ui.widgets import Button, Choice, Label, row


class LoadSettingsDialog(Dialog):
    """`settings` is what the fields say; nothing chosen leaves a value to the engine.

    `server` is the title of a runtime whose server has answers at once and cache for all its models: they are not
    asked for here.
    """

    def __init__(
        self, parent: QWidget, name: str, settings: LoadSettings, *, most_context: int | None, server: str | None = None
    ) -> None:
        super().__init__(parent, tr("Load settings"), safe=tr("Cancel"), action=tr("Save"))
        self.context = OptionalNumber(*LIMITS["context"], step=0)
        self.threads = OptionalNumber(*LIMITS["threads"])
        self.gpu_layers = OptionalNumber(*LIMITS["gpu_layers"], names={-1: tr("All")})
        self.parallel = OptionalNumber(*LIMITS["parallel"])
        self.kv_type = Choice(tr("KV cache"), [(None, tr("Automatic")), *((kind, kind) for kind in KV_TYPES)])
        held = tr("The model holds up to {tokens} tokens.", tokens=tokens(most_context)) if most_context else ""
        note = tr("These settings count from the next activation of {name}.", name=name)
        self.body.addWidget(Label(" ".join(part for part in (note, held) if part), tone="text2", wrap=True))
        self.body.addSpacing(6)
        fields: list[tuple[str, QWidget]] = [
            (tr("Context in tokens"), self.context),
            (tr("Threads"), self.threads),
            (tr("Layers on the GPU"), self.gpu_layers),
        ]
        if server is None:
            fields += [(tr("Answers at once"), self.parallel), (tr("KV cache"), self.kv_type)]
        self.body.addWidget(form(fields))
        if server is not None:
            for_all = tr(
                "Answers at once and the KV cache are settings of the whole server: see {runtime} in the Runtime tab.",
                runtime=server,
            )
            self.body.addWidget(Label(for_all, "small", tone="text3", wrap=True))
            self.parallel.setParent(self)
            self.kv_type.setParent(self)
            self.parallel.hide()
            self.kv_type.hide()
        self.reset = Button(tr("All automatic"), "quiet", size="dense", on_click=lambda: self.show_settings())
        self.body.addLayout(row(None, self.reset))
        self.show_settings(settings)

    @property
    def settings(self) -> LoadSettings:
        kind = self.kv_type.value
        return LoadSettings(
            context=self.context.number,
            threads=self.threads.number,
            gpu_layers=self.gpu_layers.number,
            parallel=self.parallel.number,
            kv_type=str(kind) if kind is not None else None,
        )

    def show_settings(self, settings: LoadSettings | None = None) -> None:
        shown = settings or LoadSettings()
        self.context.show_number(shown.context)
        self.threads.show_number(shown.threads)
        self.gpu_layers.show_number(shown.gpu_layers)
        self.parallel.show_number(shown.parallel)
        self.kv_type.choose(shown.kv_type)
