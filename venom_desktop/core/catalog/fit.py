"""Says whether a model fits this machine: memory needed, with its error bar, against memory free and in all."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, FitGrade, FitPlace, FitVerdict
from venom_desktop.core.catalog.gguf_header import GgufHeader
from venom_desktop.core.catalog.kv_cache import BATCH_TOKENS, KvCache, KvType, kv_cache
from venom_desktop.core.catalog.lessons import Lesson
from venom_desktop.core.catalog.vllm_memory import OWN_BYTES, OWN_DOUBT_BYTES, Spread
from venom_desktop.core.catalog.vllm_memory import words as vllm_words
from venom_desktop.core.catalog.weight_bits import USUAL_BITS, bits_per_weight, guessed_weights_bytes
from venom_desktop.core.host.sample import HostSample

DEFAULT_CONTEXT: Final = 8192
"""Tokens per slot where nobody chose, for the verdict and for the load alike: the engine's own choice, all the model
can hold, may fill the whole memory."""
LONGEST_CONTEXT: Final = 1 << 30
"""For an engine that takes all that the model can hold where nobody chose."""

ENGINE_BYTES = 64 << 20  # the engine's process with its libraries, before any model
_BYTES_OF_A_WORD = 230  # an entry of the tokenizer's tables, once they are read
_GUESSED_VOCABULARY = 128_000
_GUESSED_WIDTH = 4096

# Shares of each part that this calculation may miss, from llama.cpp's own reports of what it allocated.
_DOUBT_WEIGHTS = 0.02
_DOUBT_GUESSED_WEIGHTS = 0.15
_DOUBT_GUESSED_CONTEXT = 0.6
_DOUBT_OVERHEAD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMemory:
    """Memory of the graphics cards that the runtime can use, together."""

    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """How the model would be loaded; `context` in tokens for each of `parallel` answers at once.

    `gpu_share` is how much of each graphics card the runtime takes, 1 for all of it; `spread` and `answers` (the most
    at once, None for its own choice) are vLLM's. `lessons` are what loads on this machine taught about the runtime, by
    architecture.
    """

    context: int = DEFAULT_CONTEXT
    kv_type: KvType = KvType.F16
    parallel: int = 1
    runtime: str = "llama_cpp"
    gpu_share: float = 1.0
    spread: Spread = field(default_factory=Spread)
    answers: int | None = None
    lessons: Mapping[str, Lesson] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    weights_bytes: int
    kv_cache_bytes: int
    overhead_bytes: int
    error_bytes: int
    context: int
    grade: FitGrade
    assumptions: tuple[str, ...]
    lesson: Lesson | None = None

    @property
    def bytes(self) -> int:
        return self.weights_bytes + self.kv_cache_bytes + self.overhead_bytes


def exact_verdict(
    header: GgufHeader,
    *,
    weights_bytes: int,
    projector_bytes: int = 0,
    settings: LoadSettings,
    host: HostSample,
    gpu: DeviceMemory | None = None,
) -> FitVerdict:
    """The verdict from file sizes and the keys of the header; `weights_bytes` is the sum over all shards.

    A header without the keys that tell the context's size gives an estimated verdict.
    """
    need = _exact_need(header, weights_bytes=weights_bytes, projector_bytes=projector_bytes, settings=settings)
    return _verdict(need, settings=settings, host=host, gpu=gpu)


def predicted_bytes(
    header: GgufHeader, *, weights_bytes: int, projector_bytes: int = 0, settings: LoadSettings
) -> int | None:
    """What the formula alone says of a load, without what earlier ones taught; None where it would only guess."""
    need = _exact_need(header, weights_bytes=weights_bytes, projector_bytes=projector_bytes, settings=settings)
    return need.bytes if need.grade is FitGrade.EXACT else None


def _exact_need(header: GgufHeader, *, weights_bytes: int, projector_bytes: int, settings: LoadSettings) -> _Need:
    context = _context(settings, header.context_length)
    cache = kv_cache(header, context=context, kv_type=settings.kv_type, parallel=settings.parallel)
    grade = FitGrade.ESTIMATED if cache is None else FitGrade.EXACT
    if cache is None:
        cache = _guessed_cache(weights_bytes * 8 / USUAL_BITS, context, settings=settings)
    cache = replace(cache, total_bytes=int(cache.total_bytes * settings.spread.cache_copies(header)))
    overhead = _overhead(header, context, settings=settings)
    weights = weights_bytes + projector_bytes
    return _Need(
        weights_bytes=weights,
        kv_cache_bytes=cache.total_bytes,
        overhead_bytes=overhead,
        error_bytes=int(weights * _DOUBT_WEIGHTS + cache.total_bytes * cache.doubt + _doubt_of(overhead, settings)),
        context=context,
        grade=grade,
        assumptions=(*_words(settings, context, projector_bytes=projector_bytes), *cache.assumptions),
        lesson=settings.lessons.get(header.architecture or "") if grade is FitGrade.EXACT else None,
    )


def estimated_verdict(
    *,
    weights_bytes: int | None,
    parameters: int | None = None,
    label: str | None = None,
    context_length: int | None = None,
    settings: LoadSettings,
    host: HostSample,
    gpu: DeviceMemory | None = None,
) -> FitVerdict | None:
    """The verdict from what a list tells: the file's size, else parameters x bits of the quantization `label`.

    None when neither is known, and where it is not known either what the runtime can use.
    """
    weights = weights_bytes if weights_bytes is not None else guessed_weights_bytes(parameters, label)
    if weights is None or settings.spread.on_cluster:
        return None
    context = _context(settings, context_length)
    count = parameters or weights * 8 / (bits_per_weight(label) or USUAL_BITS)
    cache = _guessed_cache(count, context, settings=settings)
    overhead = _overhead(None, context, settings=settings)
    doubt = _DOUBT_WEIGHTS if weights_bytes is not None else _DOUBT_GUESSED_WEIGHTS
    words = [] if weights_bytes is not None else [f"weights from {label} and the number of parameters"]
    need = _Need(
        weights_bytes=weights,
        kv_cache_bytes=cache.total_bytes,
        overhead_bytes=overhead,
        error_bytes=int(weights * doubt + cache.total_bytes * cache.doubt + _doubt_of(overhead, settings)),
        context=context,
        grade=FitGrade.ESTIMATED,
        assumptions=(*_words(settings, context), *words, *cache.assumptions),
    )
    return _verdict(need, settings=settings, host=host, gpu=gpu)


def _guessed_cache(parameters: float, context: int, *, settings: LoadSettings) -> KvCache:
    """Bytes a token grow slower than the model: 32 KiB at 1 B parameters, 128 KiB at 8 B, 320 KiB at 70 B (f16)."""
    per_token = 128 * 1024 * (max(parameters, 1.0) / 8e9) ** 0.55
    share = float(settings.kv_type.bytes_per_element) / 2
    return KvCache(
        total_bytes=int(per_token * context * share * settings.parallel),
        doubt=_DOUBT_GUESSED_CONTEXT,
        assumptions=("the context's memory is guessed from the model's size",),
    )


def _overhead(header: GgufHeader | None, context: int, *, settings: LoadSettings) -> int:
    """The engine, its tokenizer, and its working memory for one step: activations, attention mask, scores.

    Of llama.cpp's compute buffer a token of the step takes 9 x width + 2 x feed-forward width in f32 and 2 bytes a cell
    of the context; scores are kept for one token of each answer (read from its log over the models of `bench.fit`).
    """
    if settings.runtime == SAFETENSORS_RUNTIME:
        return OWN_BYTES * settings.spread.cards
    vocabulary = (header.vocabulary_size if header else None) or _GUESSED_VOCABULARY
    width = (header.number("embedding_length") if header else None) or _GUESSED_WIDTH
    inner = (header.number("feed_forward_length") if header else None) or 4 * width
    step = BATCH_TOKENS * (4 * (9 * width + 2 * inner) + 2 * context)
    return ENGINE_BYTES + step + vocabulary * (_BYTES_OF_A_WORD + 4 * settings.parallel)


def _doubt_of(overhead: int, settings: LoadSettings) -> float:
    if settings.runtime == SAFETENSORS_RUNTIME:
        return OWN_DOUBT_BYTES * settings.spread.cards
    return overhead * _DOUBT_OVERHEAD


def _context(settings: LoadSettings, most: int | None) -> int:
    """Tokens; `most` is what the model holds, as far as it is known."""
    if most:
        return min(settings.context, most)
    return DEFAULT_CONTEXT if settings.context == LONGEST_CONTEXT else settings.context


def _words(settings: LoadSettings, context: int, *, projector_bytes: int = 0) -> tuple[str, ...]:
    words = [f"context {context}", f"KV {settings.kv_type.value}"]
    if settings.runtime == SAFETENSORS_RUNTIME:
        words += vllm_words(settings.spread, share=settings.gpu_share, answers=settings.answers)
    if context < settings.context:
        words.append("the model's own limit of context")
    if settings.parallel > 1:
        words.append(f"{settings.parallel} answers at once")
    if projector_bytes:
        words.append("the vision projector is loaded too")
    return tuple(words)


def placed(verdict: FitVerdict, *, host: HostSample, gpu: DeviceMemory | None = None) -> FitVerdict:
    """The same need against the memory of now.

    vLLM keeps nothing in the machine's own memory, and starts only where its whole share is free.
    """
    alone = verdict.runtime == SAFETENSORS_RUNTIME
    ram_free, ram_total = (0, 0) if alone else (host.memory_available_bytes, host.memory_total_bytes)
    total = ram_total + (gpu.total_bytes if gpu else 0)
    has_share = gpu is not None and gpu.free_bytes >= gpu.total_bytes
    usable = None if alone and not has_share else gpu
    return replace(
        verdict,
        place=_place(verdict.needed_bytes, ram_free_bytes=ram_free, gpu=usable),
        free_bytes=ram_free + (gpu.free_bytes if gpu else 0),
        total_bytes=total,
        gpu_free_bytes=gpu.free_bytes if gpu else None,
        gpu_total_bytes=gpu.total_bytes if gpu else None,
        fits_when_empty=verdict.needed_bytes <= total,
    )


def _verdict(need: _Need, *, settings: LoadSettings, host: HostSample, gpu: DeviceMemory | None) -> FitVerdict:
    lesson = need.lesson or Lesson(ratios=())
    needed_bytes, error_bytes = lesson.taught(need.bytes, need.error_bytes)
    verdict = FitVerdict(
        place=FitPlace.TOO_BIG,
        grade=need.grade,
        runtime=settings.runtime,
        needed_bytes=needed_bytes,
        error_bytes=error_bytes,
        loads=lesson.loads,
        weights_bytes=need.weights_bytes,
        kv_cache_bytes=need.kv_cache_bytes,
        overhead_bytes=need.overhead_bytes,
        context=need.context,
        kv_type=settings.kv_type.value,
        free_bytes=0,
        total_bytes=0,
        assumptions=need.assumptions,
    )
    return placed(verdict, host=host, gpu=gpu)


def _place(needed_bytes: int, *, ram_free_bytes: int, gpu: DeviceMemory | None) -> FitPlace:
    gpu_free_bytes = gpu.free_bytes if gpu else 0
    if needed_bytes <= gpu_free_bytes:
        return FitPlace.GPU
    if needed_bytes > gpu_free_bytes + ram_free_bytes:
        return FitPlace.TOO_BIG
    return FitPlace.GPU_AND_RAM if gpu_free_bytes else FitPlace.RAM
