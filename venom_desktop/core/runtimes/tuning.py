"""How an Ollama server is tuned: every `OLLAMA_*` variable, its value, and where that comes from (SPEC section 4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.runtimes import tuning_values as kinds
from venom_desktop.core.runtimes.ollama_facts import listen_text, local_address
from venom_desktop.core.runtimes.tuning_variables import PROFILES, VARIABLES, Variable, variable_called
from venom_desktop.core.settings.schema import OllamaProfile

PROFILE_VARIABLE = "VENOM_OLLAMA_PROFILE"
PREFIX = "OLLAMA_"
OURS = frozenset({"OLLAMA_PORT", "OLLAMA_SYSTEMD_UNIT"})
"""Begin like the server's and are read by this program alone."""
_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD")


class Source(StrEnum):
    """Where a value comes from; the earlier wins over the later."""

    ENVIRONMENT = "environment"
    SETTING = "setting"
    PROFILE = "profile"
    SERVER_DEFAULT = "server_default"


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRow:
    """One variable as a server started now would have it.

    `value` None: the server chooses by itself. `problem`: a value of the environment that the server will not
    understand, or a setting that therefore does not count. `in_server`: whether the running one has this value, None
    where that is unknown or none runs; `server_value` is what it was given, None for nothing.
    """

    name: str
    value: str | None
    source: Source
    meaning: str
    server_default: str | None
    problem: InvalidSetting | None = None
    in_server: bool | None = None
    server_value: str | None = None


def parse_ollama_profile(word: str) -> OllamaProfile:
    """Raises `InvalidSetting`, which names the three."""
    try:
        return OllamaProfile(word.strip().lower())
    except ValueError as error:
        names = [profile.value for profile in OllamaProfile]
        expected = f"Use {', '.join(names[:-1])} or {names[-1]}."
        raise InvalidSetting(name=PROFILE_VARIABLE, value=f"{word:.80}", expected=expected) from error


def check(name: str, text: str) -> str:
    """What is stored for a value that the user typed. Raises `InvalidSetting`."""
    if not name.startswith(PREFIX) or name in OURS or any(word in name for word in _SECRET_WORDS):
        raise InvalidSetting(name=name, value=f"{text!r:.80}", expected="The program that starts it has to set it.")
    return variable_called(name).kind.check(name, text).written


class Tuning:
    """`profile` and `chosen` (single variables) are the settings of now; `environ` is ours, which a child inherits.

    `endpoint` is where clients look for the server: it has to listen there, whatever else says so.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        profile: Callable[[], str],
        chosen: Callable[[], Mapping[str, str]],
        *,
        endpoint: Callable[[], str] | None = None,
    ) -> None:
        self._environ = environ
        self._profile = profile
        self._chosen = chosen
        self._endpoint = endpoint

    def rows(self, server: Mapping[str, str] | None = None) -> tuple[TuningRow, ...]:
        """Every variable; `server` is the environment of the running one, where it is known.

        Raises `InvalidSetting` for a profile that does not exist.
        """
        values = PROFILES[parse_ollama_profile(self._profile())]
        chosen = self._chosen()
        further = sorted(name for name in chosen if name not in VARIABLES and name not in OURS)
        rows = (self._placed(self._row(variable_called(name), chosen, values)) for name in (*VARIABLES, *further))
        return tuple(row if server is None else _compared(row, server) for row in rows)

    def environment(self) -> dict[str, str]:
        """What a server that we start is given; what it would take by itself is left to it. Raises as `rows`."""
        return {
            row.name: row.value
            for row in self.rows()
            if row.value is not None and row.source is not Source.SERVER_DEFAULT
        }

    def _placed(self, row: TuningRow) -> TuningRow:
        """The address with the endpoint's port; `row` as it is for every other variable."""
        address = None if row.name != "OLLAMA_HOST" or self._endpoint is None else local_address(self._endpoint())
        if address is None:
            return row
        value = listen_text(address, None if row.source is Source.SERVER_DEFAULT else row.value)
        own = row.source is Source.SERVER_DEFAULT and value != row.server_default
        return replace(row, value=value, source=Source.SETTING if own else row.source)

    def _row(self, variable: Variable, chosen: Mapping[str, str], profile: Mapping[str, str]) -> TuningRow:
        def row(value: str | None, source: Source, problem: InvalidSetting | None = None) -> TuningRow:
            return TuningRow(
                name=variable.name,
                value=value,
                source=source,
                meaning=variable.meaning,
                server_default=variable.default,
                problem=problem,
            )

        told = self._environ.get(variable.name, "")
        if kinds.unquoted(told):
            return row(told, Source.ENVIRONMENT, _problem(variable, told))
        refused = None
        if variable.name in chosen:
            refused = _problem(variable, chosen[variable.name])
            if refused is None:
                return row(check(variable.name, chosen[variable.name]), Source.SETTING)
        if variable.name in profile:
            return row(profile[variable.name], Source.PROFILE, refused)
        return row(variable.default, Source.SERVER_DEFAULT, refused)


def _problem(variable: Variable, text: str) -> InvalidSetting | None:
    try:
        check(variable.name, text)
    except InvalidSetting as error:
        return error
    return None


def _compared(row: TuningRow, server: Mapping[str, str]) -> TuningRow:
    variable = variable_called(row.name)
    given = server.get(row.name) or None
    same = _meant(variable, given or variable.default) == _meant(variable, row.value)
    return replace(row, in_server=same, server_value=given)


def _meant(variable: Variable, text: str | None) -> object:
    if text is None:
        return None
    try:
        return variable.kind.check(variable.name, text).meant
    except InvalidSetting:
        return text
