"""What can be set for vLLM: for every model by the settings of the program, and for single models beside them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from venom_desktop.core.errors import InvalidName, InvalidSetting
from venom_desktop.core.registry.names import check_name
from venom_desktop.core.runtimes.base import LoadSettings

LONGEST_TEXT: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmOptions:
    """What holds for every model; None leaves the choice to vLLM. `gpu_memory_utilization` is a share of 1.

    `model_path` is what a model is served from that has no folder of its own.
    """

    host: str = "127.0.0.1"
    port: int = 8001
    gpu_memory_utilization: float = 0.85
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    ray_address: str | None = None
    model_path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmSettings:
    """What the user chose for one model; None takes the option of all models, or leaves the choice to vLLM.

    `max_model_len` in tokens, `max_num_seqs` answers at once. `ray` has Ray spread the workers over the machines of
    the cluster at `ray_address`. `trust_remote_code` lets the code run that came with this model.
    """

    gpu_memory_utilization: float | None = None
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    served_name: str | None = None
    chat_template: str | None = None
    enforce_eager: bool = False
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    ray: bool = False
    ray_address: str | None = None
    trust_remote_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    holds: Callable[[Any], bool]
    expected: str


def _whole(least: int, most: int) -> _Rule:
    return _Rule(
        holds=lambda value: type(value) is int and least <= value <= most,
        expected=f"Use a whole number from {least} to {most}.",
    )


def _is_share(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value <= 1


def _is_name(value: Any) -> bool:
    if not isinstance(value, str) or value.startswith("-"):
        return False
    try:
        check_name(value)
    except InvalidName:
        return False
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isprintable() and value[0] != "-"


def _is_absolute(value: Any) -> bool:
    return _is_text(value) and Path(value).is_absolute()


_SWITCH = _Rule(holds=lambda value: isinstance(value, bool), expected="Use true or false.")
RULES: Final[Mapping[str, _Rule]] = {
    "gpu_memory_utilization": _Rule(holds=_is_share, expected="Use a number above 0, at most 1."),
    "max_model_len": _whole(128, 10_000_000),
    "max_num_seqs": _whole(1, 4096),
    "served_name": _Rule(holds=_is_name, expected="Use 1 to 200 letters, digits and _ - . : / signs."),
    "chat_template": _Rule(holds=_is_absolute, expected="Give the absolute path of a Jinja file."),
    "enforce_eager": _SWITCH,
    "tensor_parallel": _whole(1, 1024),
    "pipeline_parallel": _whole(1, 1024),
    "ray": _SWITCH,
    "ray_address": _Rule(holds=_is_text, expected="Give host:port of the Ray cluster, or auto."),
    "trust_remote_code": _SWITCH,
}
_FIELDS: Final = tuple(field.name for field in fields(VllmSettings))


def require_usable(settings: VllmSettings) -> None:
    """Raises `InvalidSetting` for the first value that makes no sense."""
    for name in _FIELDS:
        value, rule = getattr(settings, name), RULES[name]
        if value is not None and not rule.holds(value):
            raise InvalidSetting(name=name, value=f"{value!s:.80}", expected=rule.expected)


def from_row(row: Mapping[str, Any]) -> VllmSettings:
    """What was stored; a value that this version does not allow is left out."""
    kept = {name: row[name] for name in _FIELDS if row.get(name) is not None and RULES[name].holds(row[name])}
    return VllmSettings(**kept)


def to_row(settings: VllmSettings) -> dict[str, Any]:
    return asdict(settings)


def resolved(options: VllmOptions, chosen: VllmSettings, load: LoadSettings) -> VllmSettings:
    """What a start uses: the model's own, else what was chosen beside every runtime's model, else the option."""
    return VllmSettings(
        gpu_memory_utilization=_first(chosen.gpu_memory_utilization, options.gpu_memory_utilization),
        max_model_len=_first(chosen.max_model_len, load.context, options.max_model_len),
        max_num_seqs=_first(chosen.max_num_seqs, load.parallel, options.max_num_seqs),
        served_name=chosen.served_name,
        chat_template=chosen.chat_template,
        enforce_eager=chosen.enforce_eager,
        tensor_parallel=chosen.tensor_parallel,
        pipeline_parallel=chosen.pipeline_parallel,
        ray=chosen.ray,
        ray_address=_first(chosen.ray_address, options.ray_address) if chosen.ray else None,
        trust_remote_code=chosen.trust_remote_code,
    )


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
