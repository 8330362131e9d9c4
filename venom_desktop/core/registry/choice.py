"""Which quantization to install when the user named none."""

from venom_desktop.core.catalog.base import CatalogEntry, FitPlace, Quantization
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import LoadSettings
from venom_desktop.core.catalog.quantizations import default_quantization
from venom_desktop.core.catalog.run_on import memory_for
from venom_desktop.core.errors import NoUsableFile
from venom_desktop.core.host.sample import HostSample


def best_quantization(entry: CatalogEntry, host: HostSample, *, settings: LoadSettings | None = None) -> Quantization:
    """The best one that fits the memory `settings.runtime` can use here, else the smallest. Raises `NoUsableFile`."""
    load = settings or LoadSettings()
    gpu = memory_for(load, host)
    offered = entry.variants(load.runtime) or ()
    if not offered:
        raise NoUsableFile(model_name=entry.model_name)

    def fits(choice: Quantization) -> bool:
        verdict = estimated_fit(entry, choice, settings=load, host=host, gpu=gpu)
        return verdict is not None and verdict.place is not FitPlace.TOO_BIG

    smallest = min(offered, key=lambda choice: choice.size_bytes or 0)
    return default_quantization(offered, fits) or smallest
