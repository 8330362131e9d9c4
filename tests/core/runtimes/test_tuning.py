"""Every variable of a server has one value, and everybody can see where that comes from."""

from collections.abc import Mapping

import pytest

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.runtimes.tuning import Source, Tuning, TuningRow, check, parse_ollama_profile
from venom_desktop.core.settings.schema import OllamaProfile

PROFILES = [
    ("balanced-12-24gb", "32768", "2", "256", "1", "q8_0", "30m"),
    ("low-vram-8-12gb", "16384", "1", "128", "1", "q4_0", "20m"),
    ("max-context-24gb-plus", "65536", "1", "128", "1", "q8_0", "45m"),
]
NAMES = ("CONTEXT_LENGTH", "NUM_PARALLEL", "MAX_QUEUE", "FLASH_ATTENTION", "KV_CACHE_TYPE", "KEEP_ALIVE")


def tuning(
    environ: Mapping[str, str] | None = None,
    profile: str = "balanced-12-24gb",
    *,
    chosen: Mapping[str, str] | None = None,
) -> Tuning:
    return Tuning(environ or {}, lambda: profile, lambda: chosen or {})


def row(name: str, of: Tuning, *, server: Mapping[str, str] | None = None) -> TuningRow:
    return next(row for row in of.rows(server) if row.name == name)


@pytest.mark.parametrize("line", PROFILES, ids=lambda line: line[0])
def test_a_profile_gives_the_values_of_the_specification(line: tuple[str, ...]) -> None:
    profile, *values = line
    given = tuning(profile=profile).environment()
    assert given == {
        **{f"OLLAMA_{name}": value for name, value in zip(NAMES, values, strict=True)},
        "OLLAMA_LOAD_TIMEOUT": "10m",
        "OLLAMA_NO_CLOUD": "1",
    }


def test_the_environment_wins_over_a_setting_and_a_setting_over_the_profile() -> None:
    name = "OLLAMA_KEEP_ALIVE"
    assert row(name, tuning()).source is Source.PROFILE
    assert row(name, tuning(chosen={name: "1h"})).value == "1h"
    both = row(name, tuning({name: "2h"}, chosen={name: "1h"}))
    assert (both.value, both.source) == ("2h", Source.ENVIRONMENT)


def test_an_empty_variable_says_nothing() -> None:
    assert row("OLLAMA_KEEP_ALIVE", tuning({"OLLAMA_KEEP_ALIVE": " "})).source is Source.PROFILE


def test_what_nobody_set_is_shown_as_the_server_takes_it_and_left_to_it() -> None:
    found = row("OLLAMA_MAX_LOADED_MODELS", tuning())
    assert (found.value, found.source) == ("0", Source.SERVER_DEFAULT)
    assert row("OLLAMA_ORIGINS", tuning()).value is None
    assert not {"OLLAMA_HOST", "OLLAMA_MODELS", "OLLAMA_ORIGINS"} & set(tuning().environment())


def test_an_unknown_profile_is_an_error_that_names_the_three() -> None:
    with pytest.raises(InvalidSetting, match="balanced-12-24gb, low-vram-8-12gb or max-context-24gb-plus"):
        parse_ollama_profile("turbo")
    with pytest.raises(InvalidSetting, match="VENOM_OLLAMA_PROFILE"):
        tuning(profile="turbo").environment()
    assert parse_ollama_profile(" LOW-VRAM-8-12GB ") is OllamaProfile.LOW_VRAM


def test_a_bad_value_of_the_environment_is_shown_with_its_problem_and_stops_nothing() -> None:
    found = row("OLLAMA_NUM_PARALLEL", tuning({"OLLAMA_NUM_PARALLEL": "many"}))
    assert (found.value, found.source) == ("many", Source.ENVIRONMENT)
    assert str(found.problem) == "OLLAMA_NUM_PARALLEL cannot be 'many'. Give a whole number from 1."


def test_a_bad_setting_is_told_and_does_not_count() -> None:
    own = tuning(chosen={"OLLAMA_KV_CACHE_TYPE": "q2"})
    found = row("OLLAMA_KV_CACHE_TYPE", own)
    assert (found.value, found.source) == ("q8_0", Source.PROFILE)
    assert found.problem is not None
    assert own.environment()["OLLAMA_KV_CACHE_TYPE"] == "q8_0"


def test_a_further_variable_of_the_user_is_passed_on() -> None:
    own = tuning(chosen={"OLLAMA_SCHED_SPREAD": "1", "OLLAMA_API_KEY": "made-up"})
    assert own.environment()["OLLAMA_SCHED_SPREAD"] == "1"
    assert "OLLAMA_API_KEY" not in own.environment()


def test_the_running_server_is_compared_by_what_it_understands() -> None:
    given = {
        **tuning().environment(),
        "OLLAMA_KEEP_ALIVE": "1800s",
        "OLLAMA_FLASH_ATTENTION": "true",
        "OLLAMA_HOST": "http://127.0.0.1:11434",
    }
    given.pop("OLLAMA_NO_CLOUD")
    rows = {row.name: row for row in tuning().rows(given)}
    lacking = {name for name, row in rows.items() if row.in_server is False}
    assert lacking == {"OLLAMA_NO_CLOUD"}
    assert rows["OLLAMA_NO_CLOUD"].server_value is None
    assert rows["OLLAMA_KEEP_ALIVE"].server_value == "1800s"


def test_a_default_of_ours_that_a_running_server_was_given_otherwise_is_told() -> None:
    found = row("OLLAMA_MAX_LOADED_MODELS", tuning(), server={"OLLAMA_MAX_LOADED_MODELS": "3"})
    assert (found.in_server, found.server_value) == (False, "3")


@pytest.mark.parametrize(
    ("told", "endpoint", "value", "source"),
    [
        (None, "http://127.0.0.1:11434", "127.0.0.1:11434", Source.SERVER_DEFAULT),
        (None, "http://127.0.0.1:11500", "127.0.0.1:11500", Source.SETTING),
        ("0.0.0.0", "http://127.0.0.1:11434", "0.0.0.0:11434", Source.ENVIRONMENT),
        ("0.0.0.0:8080", "http://127.0.0.1:8080", "0.0.0.0:8080", Source.ENVIRONMENT),
        ("http://[::1]:8080", "http://[::1]:8080", "[::1]:8080", Source.ENVIRONMENT),
        ("far.example", "http://far.example:11434", "far.example", Source.ENVIRONMENT),
    ],
)
def test_a_server_listens_where_its_clients_look(told: str | None, endpoint: str, value: str, source: Source) -> None:
    own = Tuning({"OLLAMA_HOST": told or ""}, lambda: "balanced-12-24gb", dict, endpoint=lambda: endpoint)
    found = row("OLLAMA_HOST", own, server={"OLLAMA_HOST": value})
    assert (found.value, found.source, found.in_server) == (value, source, True)


def test_what_an_unreadable_server_has_is_unknown() -> None:
    assert all(row.in_server is None for row in tuning().rows())


@pytest.mark.parametrize(
    ("name", "text", "stored"),
    [
        ("KEEP_ALIVE", "5m", "5m"),
        ("KEEP_ALIVE", " 30s ", "30s"),
        ("KEEP_ALIVE", "1h30m", "1h30m"),
        ("KEEP_ALIVE", "-1", "-1"),
        ("KEEP_ALIVE", "0", "0"),
        ("KEEP_ALIVE", '"1.5h"', "1.5h"),
        ("KV_CACHE_TYPE", "Q8_0", "q8_0"),
        ("NUM_PARALLEL", "04", "4"),
        ("FLASH_ATTENTION", "false", "0"),
        ("NO_CLOUD", "T", "1"),
        ("HOST", "0.0.0.0:8080", "0.0.0.0:8080"),
        ("MODELS", "/srv/models", "/srv/models"),
        ("ORIGINS", "http://a:3000, https://b", "http://a:3000,https://b"),
        ("DEBUG", "2", "2"),
    ],
)
def test_a_value_is_taken_as_the_server_takes_it(name: str, text: str, stored: str) -> None:
    assert check(f"OLLAMA_{name}", text) == stored


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("KEEP_ALIVE", "5 minutes"),
        ("KEEP_ALIVE", ""),
        ("KEEP_ALIVE", "\u0661m"),
        ("KEEP_ALIVE", "9999999999999999999999h"),
        ("KEEP_ALIVE", "5m\nOLLAMA_HOST=0.0.0.0"),
        ("KV_CACHE_TYPE", "q5_1"),
        ("NUM_PARALLEL", "-1"),
        ("NUM_PARALLEL", "0"),
        ("CONTEXT_LENGTH", "18446744073709551616"),
        ("FLASH_ATTENTION", "yes"),
        ("HOST", "two words"),
        ("MODELS", "models"),
        ("MODELS", "/srv/../etc"),
        ("ORIGINS", "http://a,,"),
        ("DEBUG", "a\0b"),
        ("API_KEY", "made-up"),
        ("PORT", "8080"),
    ],
)
def test_a_value_that_the_server_would_not_understand_is_refused_in_a_sentence(name: str, text: str) -> None:
    with pytest.raises(InvalidSetting, match=f"^OLLAMA_{name} cannot be ") as refusal:
        check(f"OLLAMA_{name}", text)
    assert str(refusal.value).endswith(".")
