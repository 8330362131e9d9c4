"""The rough verdict of a catalog row, from what its list tells."""

from dataclasses import replace

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, CatalogEntry, FitPlace, FitVerdict, Quantization
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings, estimated_verdict
from venom_desktop.core.catalog.ollama_numbers import tag_parameters
from venom_desktop.core.catalog.quantizations import default_quantization
from venom_desktop.core.catalog.safetensors_files import LABEL, is_weights
from venom_desktop.core.catalog.vllm_memory import bytes_in_memory
from venom_desktop.core.catalog.weight_bits import guessed_weights_bytes
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.model import ModelProvider

_USUAL = Quantization(label="Q4_K_M", files=())


def estimated_fit(
    entry: CatalogEntry,
    quantization: Quantization | None = None,
    *,
    settings: LoadSettings,
    host: HostSample,
    gpu: DeviceMemory | None = None,
) -> FitVerdict | None:
    """The verdict of this quantization, else of the one that would be installed; None when nothing tells a size.

    When no quantization fits, the verdict is that of the smallest.
    """
    if quantization is not None:
        return _verdict(entry, quantization, settings=settings, host=host, gpu=gpu)
    read = entry.variants(settings.runtime)
    offered = (_USUAL,) if read is None else read
    verdicts = {choice.label: _verdict(entry, choice, settings=settings, host=host, gpu=gpu) for choice in offered}

    def fits(choice: Quantization) -> bool:
        verdict = verdicts[choice.label]
        return verdict is not None and verdict.place is not FitPlace.TOO_BIG

    best = default_quantization(offered, fits)
    if best is not None:
        return verdicts[best.label]
    known = [verdict for verdict in verdicts.values() if verdict is not None]
    return min(known, key=lambda verdict: verdict.needed_bytes, default=None)


def rough_size_range(entry: CatalogEntry) -> tuple[int, int] | None:
    """Smallest and largest variant in bytes; where the list tells no sizes, parameters x bits of the labels."""
    if entry.size_range_bytes is not None or entry.quantizations is None:
        return entry.size_range_bytes
    in_folder = entry.safetensors if SAFETENSORS_RUNTIME in entry.runtimes else None
    choices = entry.quantizations or ((in_folder,) if in_folder else ())
    guesses = [rough_size(entry, choice) for choice in choices]
    known = [guess for guess in guesses if guess is not None]
    return (min(known), max(known)) if known else None


def rough_size(entry: CatalogEntry, choice: Quantization) -> int | None:
    """Bytes of one variant: of the files whose size is told, else parameters x bits; None when neither is known."""
    exact = _file_bytes(choice)
    return exact if exact is not None else guessed_weights_bytes(_parameters(entry, choice), _level(entry, choice))


def all_parameters(entry: CatalogEntry) -> frozenset[int]:
    """Of every model under this name, as far as they are told."""
    told = {_parameters(entry, choice) for choice in entry.quantizations or ()}
    return frozenset(count for count in (told or {entry.parameters}) if count is not None)


def _parameters(entry: CatalogEntry, choice: Quantization) -> int | None:
    """A library has models of many sizes under one name, and the tag tells which."""
    told = tag_parameters(choice.label) if entry.provider is ModelProvider.OLLAMA else None
    return told or entry.parameters


def _level(entry: CatalogEntry, choice: Quantization) -> str:
    """Tags of a library that tell no quantization have the usual one."""
    return choice.level or (_USUAL.label if entry.provider is ModelProvider.OLLAMA else choice.label)


def _file_bytes(choice: Quantization) -> int | None:
    """The sizes that are told; a projector of unknown size is left to the error bar."""
    sizes = [file.size_bytes for file in choice.files]
    known = [size for size in sizes if size is not None]
    if not known or len(known) != len(sizes):
        return None
    return sum(known) + ((choice.projector.size_bytes or 0) if choice.projector else 0)


def _weights_bytes(choice: Quantization) -> int | None:
    """What is loaded of it: of a folder the weights without tokenizer and settings."""
    if choice.label != LABEL:
        return _file_bytes(choice)
    stored = _file_bytes(replace(choice, files=tuple(file for file in choice.files if is_weights(file.name))))
    return None if stored is None else bytes_in_memory(stored, choice.level)


def _verdict(
    entry: CatalogEntry,
    choice: Quantization,
    *,
    settings: LoadSettings,
    host: HostSample,
    gpu: DeviceMemory | None,
) -> FitVerdict | None:
    return estimated_verdict(
        weights_bytes=_weights_bytes(choice),
        parameters=_parameters(entry, choice),
        label=_level(entry, choice),
        context_length=choice.context_length or entry.context_length,
        settings=settings,
        host=host,
        gpu=gpu,
    )
