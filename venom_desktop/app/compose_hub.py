"""Builds the catalog of Hugging Face."""

from collections.abc import Awaitable, Callable

from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.hugging_face import HuggingFaceCatalog
from venom_desktop.core.catalog.snapshot import read_bundled_rows
from venom_desktop.core.http import Client
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.resources import resource
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.settings.store import SettingsStore


def build_hub(
    http: Client, settings: SettingsStore, *, token: Callable[[], Awaitable[str | None]], cache: DiskCache
) -> HuggingFaceCatalog:
    """`token` yields the hub's key for one request."""
    return HuggingFaceCatalog(
        http,
        endpoint=settings.snapshot.hf_endpoint,
        token=token,
        cache=cache,
        bundled=lambda: read_bundled_rows(resource("catalog_snapshot.json"), ModelProvider.HUGGINGFACE),
        offers_vllm=lambda: RuntimeProfile(settings.snapshot.runtime_profile.value) is RuntimeProfile.FULL,
    )
