"""What a card of a runtime is made of, and what it shows."""

from dataclasses import dataclass, field
from enum import StrEnum

from venom_desktop.core.errors import Cure
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadSettings, RuntimeSnapshot
from venom_desktop.ui.messages import Message
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets import PillLook


class Verb(StrEnum):
    INSTALL = "install"
    UPDATE = "update"
    START = "start"
    RESTART = "restart"
    STOP = "stop"
    CANCEL = "cancel"
    RESUME = "resume"
    STAY_DOWN = "stay_down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    text: str
    tone: ColorRole = "text2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A cure with the words on its button."""

    cure: Cure
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLook:
    """`failure` and `sentence` stand above the facts; `no_start` says why Start cannot be pressed.

    `asks`: a question follows on Restart and Stop. `leads_out`: Install opens a page in the browser.
    """

    title: str
    version: str
    pill: PillLook
    facts: tuple[Fact, ...]
    verbs: tuple[Verb, ...]
    current: bool = False
    failure: Message | None = None
    remedies: tuple[Remedy, ...] = ()
    last_lines: tuple[str, ...] = ()
    """Of the log, shown with the failure when it is pointed at."""
    sentence: str = ""
    no_start: str = ""
    asks: bool = False
    leads_out: bool = False
    newer: str = ""
    """The version that Update brings."""
    has_bar: bool = False
    fraction: float | None = None
    """Of the bar; None is a total nobody knows."""
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What is known of a server beside its snapshot. `work` is the setup of its program, ended or not."""

    work: ModelOperation | None = None
    installer_page: bool = False
    can_install: bool = False
    can_move: bool = False
    """Another port can be stored."""
    newer: str = ""
    replaced_by: str = ""
    """The version that is installed while another one runs."""
    answer: str = ""
    """What the last look for a newer version found, when there is nothing to bring."""
    profile: str = ""
    waiting: int = 0
    """Tuning settings that the running server does not have."""
    variables: int = 0
    keeper: str = ""
    """Who keeps the process, where the snapshot alone does not tell: "systemd (user)"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """All that a card is made of. `activation` is the newest one on this runtime; `server` None: it has none."""

    snapshot: RuntimeSnapshot
    active: ModelKey | None = None
    last_model: str | None = None
    settings: LoadSettings = field(default_factory=LoadSettings)
    activation: ModelOperation | None = None
    refused: Exception | None = None
    """Why the last verb could not even begin."""
    server: ServerFacts | None = None
    keeper: str = ""
    """Of an engine: who keeps its process, where the snapshot alone does not tell: "vllm.service (user)"."""
    has_guide: bool = False
    """A page in the browser tells how its program is had."""
    returns_in_s: float | None = None
    """After a crash: until it is started again."""
    gave_up: bool = False
    """It crashed so often that it is left alone."""
    last_lines: tuple[str, ...] = ()
    """What it wrote last."""
