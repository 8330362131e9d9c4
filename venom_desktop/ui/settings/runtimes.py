"""Runtimes: what may run on this computer, and each runtime's own settings while the profile offers it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from venom_desktop.core.errors import ProfileEndsRuntimes
from venom_desktop.core.runtimes.llama_server_check import check_llama_server
from venom_desktop.core.runtimes.profile_change import ChangeProfile, Ending
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.runtimes.vllm_facts import NAME as VLLM
from venom_desktop.core.settings.schema import Profile
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.dialogs import Question, ask
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.settings.ollama import ollama_rows, site_rows
from venom_desktop.ui.settings.path_row import ProgramRow
from venom_desktop.ui.settings.picking import Picker
from venom_desktop.ui.settings.rows import SegmentedRow, SwitchRow
from venom_desktop.ui.settings.vllm import vllm_rows
from venom_desktop.ui.settings.words import devices_words
from venom_desktop.ui.widgets import Label, SettingsBox, SettingsPage, column


class ProfileRow(SegmentedRow):
    """Asks before it ends what the chosen profile forbids."""

    def __init__(self, bridge: Bridge, settings: SettingsStore, profiles: ChangeProfile) -> None:
        self._profiles = profiles
        super().__init__(
            bridge,
            settings,
            "runtime_profile",
            title=tr("Run models on this computer"),
            help_text=tr(
                "Light: the runtimes for every computer. Full: also the one for large graphics cards and clusters. "
                "Off: none is started here and no model is activated."
            ),
            choices=[(Profile.LIGHT, tr("Light")), (Profile.FULL, tr("Full")), (Profile.LLM_OFF, tr("Off"))],
        )

    async def save(self, value: object) -> None:
        profile = RuntimeProfile(str(value))
        try:
            await self._profiles.change(profile)
        except ProfileEndsRuntimes:
            if await ask(self, profile_question(self._profiles.ending(profile))):
                await self._profiles.change(profile, confirm=True)
        finally:
            self.show_stored()


def profile_question(ending: Ending) -> Question:
    """What ends with the change."""
    silent = None if ending.model is None else tr("{model} answers no more.", model=ending.model.name)
    stops = [tr("{runtime} is stopped.", runtime=server.title) for server in ending.servers]
    return Question(
        title=tr("Change what may run here?"),
        consequence=" ".join(part for part in (silent, *stops) if part),
        safe=tr("Leave it as it is"),
        action=tr("Change and stop"),
    )


class LlamaServerRow(ProgramRow):
    def __init__(self, bridge: Bridge, settings: SettingsStore, picker: Picker) -> None:
        super().__init__(
            bridge,
            settings,
            picker,
            "llama_server_path",
            program="llama-server",
            title=tr("Engine"),
            help_text=tr("A llama-server of your own, such as a build for your graphics card, can take its place."),
            undo=tr("Return to the default engine"),
        )

    def default_words(self) -> str:
        return tr("llama-server on PATH, else built-in")

    async def tried(self, program: Path) -> str:
        return devices_words(await check_llama_server(program))


class RuntimesPage(SettingsPage):
    def __init__(self, bridge: Bridge, settings: SettingsStore, picker: Picker, profiles: ChangeProfile) -> None:
        super().__init__(tr("Runtimes"))
        self.profile = ProfileRow(bridge, settings, profiles)
        self.engine = LlamaServerRow(bridge, settings, picker)
        self.restart = SwitchRow(
            bridge,
            settings,
            "restart_after_crash",
            title=tr("Restart after a crash"),
            help_text=tr("With the model that was in its memory. Each further crash waits longer, up to 60 s."),
        )
        self.stay = SwitchRow(
            bridge,
            settings,
            "keep_running_after_quit",
            title=tr("Keep servers running after quit"),
            help_text=tr(
                "Those that were started here go on with their models in memory, also when this program crashes. "
                "The next start takes them over."
            ),
        )
        self.add_group("", self.profile, self.restart, self.stay)
        self.ollama = ollama_rows(bridge, settings, picker)
        self.sites = site_rows(bridge, settings)
        self.add_group(tr("llama.cpp"), self.engine)
        self.add_group(tr("Ollama"), *self.ollama)
        self.vllm = OfferedGroup(bridge, settings, VLLM, tr("vLLM"), lambda: vllm_rows(bridge, settings, picker))
        self.add_widget(self.vllm)
        self.add_group(tr("Where Ollama's models and releases come from"), *self.sites)


class OfferedGroup(QWidget):
    """The rows of a runtime that not every profile offers: made when it first does, and shown while it does."""

    def __init__(
        self,
        bridge: Bridge,
        settings: SettingsStore,
        runtime: str,
        heading: str,
        make_rows: Callable[[], Sequence[QWidget]],
    ) -> None:
        super().__init__()
        self._settings = settings
        self._runtime = runtime
        self._heading = heading
        self._make_rows = make_rows
        self.rows: Sequence[QWidget] = ()
        bridge.listen(settings.changed, self, lambda _: self.show_stored())
        self.show_stored()

    def show_stored(self) -> None:
        is_offered = RuntimeProfile(self._settings.snapshot.runtime_profile.value).allows(self._runtime)
        if is_offered and not self.rows:
            self.rows = self._make_rows()
            box = SettingsBox(*self.rows)
            self.setLayout(column(22, Label(self._heading, "heading"), 10, box, spacing=0))
        self.setVisible(is_offered)
