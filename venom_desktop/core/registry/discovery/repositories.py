"""What a model that another program fetched is called: the repository its folders name, with its quantization."""

from pathlib import Path
from typing import Final

from venom_desktop.core.catalog.quantizations import label_of
from venom_desktop.core.errors import InvalidName
from venom_desktop.core.registry.discovery.found import FoundModel, Origin
from venom_desktop.core.registry.names import parse_repository
from venom_desktop.core.registry.own_files import bare_name

_HUB: Final = "models--"
_LONGEST_REVISION: Final = 200


def repository_of(path: Path, root: Path, origin: Origin) -> str | None:
    """`org/name` of a model at `path`, as the cache of Hugging Face (anywhere) or the folders of LM Studio name it."""
    hub = hub_folder(path)
    if hub is not None:
        # The hub allows no other "--" in a name.
        return hub.name.removeprefix(_HUB).replace("--", "/")
    if origin is not Origin.LM_STUDIO or not path.is_relative_to(root):
        return None
    parts = path.relative_to(root).parts
    return "/".join(parts[:2]) if len(parts) >= 3 else None


def name_in(repository: str | None, model: FoundModel, *, is_folder: bool) -> str:
    """What an install of the same model would be called; "" where the folders do not tell."""
    if repository is None:
        return ""
    name = repository if is_folder else f"{repository}:{label_of(bare_name(model.path))}"
    try:
        parse_repository(name)
    except InvalidName:
        return ""
    return name


def is_current(path: Path) -> bool:
    """Of several revisions in a cache of Hugging Face, whether this is the one its `main` stands for."""
    hub = hub_folder(path)
    if hub is None:
        return True
    try:
        with (hub / "refs" / "main").open("rb") as file:
            return file.read(_LONGEST_REVISION).decode("ascii", "replace").strip() in path.parts
    except OSError:
        return False


def hub_folder(path: Path) -> Path | None:
    """`.../models--org--name` of a path below its `snapshots`; None outside a cache of Hugging Face."""
    for parent in path.parents:
        if parent.name == "snapshots" and parent.parent.name.startswith(_HUB):
            return parent.parent
    return None
