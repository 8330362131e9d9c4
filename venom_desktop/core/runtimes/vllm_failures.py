"""Why vLLM ended, told from the words of its log as failures of ours, each with what to do about it."""

import re
from collections.abc import Callable, Iterable
from math import floor
from pathlib import Path
from typing import Final

from venom_desktop.core.errors import (
    IncompleteModel,
    NoGraphicsCard,
    OutOfGraphicsMemory,
    UnfitModel,
    UnfitSettings,
    VenomError,
)
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.vllm_facts import TITLE

BYTES: Final = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "GB": 1 << 30}
"""What older versions call GB they divide by 2^30 too."""
BLOCK_TOKENS: Final = 16
Found = re.Match[str]


def explain(end: Exit) -> VenomError | None:
    """None where its log says nothing that only vLLM says. Looks at the disk: call it in a thread."""
    if end.out_of_memory and end.signal is not None:
        return None
    for pattern, say in _TELLING:
        for line in reversed(end.lines):
            if found := pattern.search(line):
                return say(found)
    return None


def _full_card(found: Found) -> VenomError:
    """Other programs hold so much that the share it may take is not free."""
    free, total, wanted = (float(found[name]) * BYTES["GiB"] for name in ("free", "total", "wanted"))
    share = floor(free / total * 100) / 100
    lower = f"Lower its share from {found['share']} to {share:g}, or end" if share >= 0.05 else "End"
    advice = f"{lower} what else holds graphics memory."
    what = f"it wanted {_gb(wanted)}, {_gb(free)} were free."
    return _out_of_memory(what, advice, share=share or None, wanted_bytes=wanted, free_bytes=free)


def _small_cache(found: Found) -> VenomError:
    """The weights fit, and the context does not."""
    unit = BYTES[found["unit"]]
    wanted, free = float(found["wanted"]) * unit, float(found["free"]) * unit
    told = found["fits"]
    # Its memory grows in proportion to the context, or more slowly.
    tokens = int(told) if told else floor(int(found["length"]) * free / wanted / BLOCK_TOKENS) * BLOCK_TOKENS
    lower = f"Lower the context to {'' if told else 'about '}{_count(tokens)} tokens, or raise" if tokens else "Raise"
    advice = f"{lower} its share of the graphics memory by {_gb(wanted - free)}."
    what = f"it wanted {_gb(wanted)} for the context, {_gb(free)} were free."
    return _out_of_memory(
        what, advice, context=tokens or None, length=int(found["length"]), wanted_bytes=wanted, free_bytes=free
    )


def _few_tokens(found: Found) -> VenomError:
    """As versions up to 0.6 tell it, without bytes."""
    tokens = int(found["fits"])
    what = f"it wanted a context of {_count(int(found['length']))} tokens, {_count(tokens)} fit."
    advice = f"Lower the context to {_count(tokens)} tokens, or raise its share of the graphics memory."
    return _out_of_memory(what, advice, context=tokens, length=int(found["length"]))


def _no_cache(_: Found) -> VenomError:
    advice = "Raise its share of the graphics memory, or choose a smaller model or quantization."
    return _out_of_memory("the weights left nothing for the context.", advice)


def _allocation(found: Found) -> VenomError:
    wanted = float(found["wanted"]) * BYTES[found["unit"]]
    free = float(found["free"]) * BYTES[found["free_unit"]]
    advice = "Lower the context or the answers at once, end what else holds it, or choose a smaller model."
    what = f"it wanted {_gb(wanted)} more, {_gb(free)} were free."
    return _out_of_memory(what, advice, wanted_bytes=wanted, free_bytes=free)


def _some_allocation(_: Found) -> VenomError:
    advice = "Lower the context or the answers at once, end what else holds it, or choose a smaller model."
    return _out_of_memory("the model does not fit.", advice)


def _out_of_memory(
    what: str,
    advice: str,
    *,
    context: int | None = None,
    share: float | None = None,
    length: int | None = None,
    wanted_bytes: float | None = None,
    free_bytes: float | None = None,
) -> VenomError:
    return OutOfGraphicsMemory(
        runtime=TITLE,
        what=what,
        advice=advice,
        explanation=f"It ran out of graphics memory: {what} {advice}",
        context=context,
        share=share,
        length=length,
        wanted_bytes=None if wanted_bytes is None else round(wanted_bytes),
        free_bytes=None if free_bytes is None else round(free_bytes),
    )


def _no_card(_: Found) -> VenomError:
    return NoGraphicsCard(runtime=TITLE, explanation="Check its driver, or run the model with another runtime.")


def _architecture(found: Found) -> VenomError:
    names = re.sub(r"['\"]", "", found["names"])
    explanation = f"This version does not know the architecture {names}. A newer one may."
    return UnfitModel(runtime=TITLE, explanation=explanation)


def _left_architecture(found: Found) -> VenomError:
    explanation = f"It ran {found['names']} until version {found['until']}. Choose another model, or that version."
    return UnfitModel(runtime=TITLE, explanation=explanation)


def _remote_code(_: Found) -> VenomError:
    return UnfitSettings(
        runtime=TITLE,
        explanation="The model brings code of its own. Allow that code in its settings if you trust its publisher.",
    )


def _chat_template(found: Found) -> VenomError:
    return UnfitSettings(
        runtime=TITLE,
        explanation=f"The chat template {found['path']} cannot be read. Choose another file, or none.",
    )


def _heads(found: Found) -> VenomError:
    heads, size = int(found["heads"]), int(found["size"])
    fitting = [str(number) for number in range(1, min(heads, 64) + 1) if heads % number == 0]
    numbers = fitting[0] if len(fitting) == 1 else f"{', '.join(fitting[:-1])} or {fitting[-1]}"
    return UnfitSettings(
        runtime=TITLE,
        explanation=f"Its {heads} attention heads cannot be split over {size} GPUs. Use {numbers}.",
    )


def _few_cards(found: Found) -> VenomError:
    return UnfitSettings(
        runtime=TITLE,
        explanation=f"It was to use {found['wanted']} GPUs and {found['there']} are there. "
        "Lower the parallel sizes, or have Ray spread it over several machines.",
    )


def _few_cards_in_cluster(found: Found) -> VenomError:
    wanted = found.groupdict().get("wanted")
    counted = f"{wanted} GPUs free" if wanted else "enough free GPUs"
    return UnfitSettings(
        runtime=TITLE,
        explanation=f"The Ray cluster does not have {counted}. Lower the parallel sizes, or add machines.",
    )


def _no_ray(_: Found) -> VenomError:
    explanation = "No Ray cluster answers at its address. Start Ray there, or correct the address."
    return UnfitSettings(runtime=TITLE, explanation=explanation)


def _ray_missing(_: Found) -> VenomError:
    explanation = "Ray is not installed in its environment. Install it there, or switch Ray off for this model."
    return UnfitSettings(runtime=TITLE, explanation=explanation)


def _long_context(found: Found) -> VenomError:
    longest = _count(int(found["longest"]))
    explanation = (
        f"The model holds {longest} tokens and {_count(int(found['length']))} were asked for. Lower the context."
    )
    return UnfitSettings(runtime=TITLE, explanation=explanation)


def _bad_place(found: Found) -> VenomError:
    path = Path(found["path"])
    if path.is_dir():
        return _no_config(found)
    return IncompleteModel(runtime=TITLE, explanation=f"There is no folder {path}. Install the model again.")


def _no_config(_: Found) -> VenomError:
    return IncompleteModel(runtime=TITLE, explanation="Its config.json is missing. Install the model again.")


def _no_weights(_: Found) -> VenomError:
    return IncompleteModel(runtime=TITLE, explanation="Its weights are missing. Install the model again.")


def _damaged(_: Found) -> VenomError:
    return IncompleteModel(runtime=TITLE, explanation="A file of its weights is damaged. Install the model again.")


def _option(found: Found) -> VenomError:
    return UnfitSettings(runtime=TITLE, explanation=f"This version refused an option ({found['words'][:200]}).")


def _gb(count_bytes: float) -> str:
    return f"{count_bytes / 10**9:.1f}\u00a0GB"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u00a0")


def _compiled(
    rows: Iterable[tuple[str, Callable[[Found], VenomError]]],
) -> tuple[tuple[re.Pattern[str], Callable[[Found], VenomError]], ...]:
    return tuple((re.compile(pattern), say) for pattern, say in rows)


# Read in the source of vLLM 0.20.2 (v1/core/kv_cache_utils.py, v1/worker, v1/executor/ray_utils.py, config,
# model_executor/models/registry.py, entrypoints/chat_utils.py); what 0.6 wrote otherwise stands beside it. The first
# that is found counts: most telling first. Its log also repeats all its settings, so no bare name of one will do.
_TELLING: Final = _compiled(
    (
        (
            r"Free memory on device \S* ?\((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup is less than desired "
            r"GPU memory utilization \((?P<share>[\d.]+), (?P<wanted>[\d.]+) GiB\)",
            _full_card,
        ),
        (
            r"max seq len \((?P<length>\d+)\), \(?(?P<wanted>[\d.]+) (?P<unit>Gi?B) KV cache is needed, which is "
            r"larger than the available KV cache memory \((?P<free>[\d.]+) Gi?B\)\.?"
            r"(?:.*estimated maximum model length is (?P<fits>\d+))?",
            _small_cache,
        ),
        (
            r"max seq len \((?P<length>\d+)\) is larger than the maximum number of tokens that can be stored in KV "
            r"cache \((?P<fits>\d+)\)",
            _few_tokens,
        ),
        (r"No available memory for the cache blocks", _no_cache),
        (
            r"out of memory\. Tried to allocate (?P<wanted>[\d.]+) (?P<unit>[KMG]iB)\..*"
            r"of which (?P<free>[\d.]+) (?P<free_unit>[KMG]iB) is free",
            _allocation,
        ),
        (r"Failed to load model - not enough GPU memory|CUDA (?:error: )?out of memory", _some_allocation),
        (
            r"No CUDA GPUs are available|Failed to infer device type|Found no NVIDIA driver on your system"
            r"|libcuda\.so\S*: cannot open shared object|no CUDA-capable device is detected",
            _no_card,
        ),
        (r"Model architectures? \[(?P<names>[^\]]{1,200})\] are not supported", _architecture),
        (r"has model type `(?P<names>[^`]{1,100})` but Transformers does not recognize", _architecture),
        (r"Model architecture (?P<names>\S+) was supported in vLLM until v(?P<until>[\w.]+?),", _left_architecture),
        (
            r"consider setting `trust_remote_code=True`|requires you to execute the configuration file"
            r"|contains custom code which must be executed",
            _remote_code,
        ),
        (r"supplied chat template(?: string)? \((?P<path>[^)]{1,500})\)", _chat_template),
        (r"attention heads \((?P<heads>\d+)\) must be divisible by tensor parallel size \((?P<size>\d+)\)", _heads),
        (
            r"World size \((?P<wanted>\d+)\) is larger than the number of available GPUs \((?P<there>\d+)\)",
            _few_cards,
        ),
        (r"Cannot provide a placement group requiring (?P<wanted>\d+) GPUs", _few_cards_in_cluster),
        (
            r"Cannot provide a placement group|Current node has no GPU available"
            r"|exceeds the total number of available GPUs",
            _few_cards_in_cluster,
        ),
        (r"Failed to import Ray|No module named 'ray'", _ray_missing),
        (
            r"Could not find any running Ray instance|Failed to connect to (?:GCS|Ray|the Ray)"
            r"|[Rr]ay client connection timeout|Could not connect to (?:GCS|Ray)|GCS may have been killed",
            _no_ray,
        ),
        (
            r"max_model_len \((?P<length>\d+)\) is greater than the derived max_model_len "
            r"\(\w+=(?P<longest>\d+)",
            _long_context,
        ),
        (r"Invalid repository ID or local directory specified: '(?P<path>[^']{1,1000})'", _bad_place),
        (r"Repo id must (?:be in the form|use alphanumeric)[^:]*: '(?P<path>/[^']{1,1000})'", _bad_place),
        (
            r"does not appear to have a file named config\.json|no config file found"
            r"|ensure the presence of a 'config\.json'",
            _no_config,
        ),
        (r"Cannot find any model weights", _no_weights),
        (r"SafetensorError|HeaderTooLarge|InvalidHeader|MetadataIncompleteBuffer", _damaged),
        (r"\bvllm(?: serve)?: error: (?P<words>.+)", _option),
    )
)
