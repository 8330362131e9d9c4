"""What the window would ask, for callers that answer with `confirm` or `--yes`."""

from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.registry.quota import size_text


def removal_question(model: ModelMetadata, *, delete_own_file: bool) -> str:
    if model.used_in_place and delete_own_file:
        return f"Delete the file of {model.name} from this computer? Confirm to go ahead."
    if model.used_in_place:
        return f"Take {model.name} off the list? Its file stays where it is. Confirm to go ahead."
    size = "" if model.size_bytes is None else f" and free {size_text(model.size_bytes)}"
    return f"Remove {model.name}{size}? Confirm to go ahead."
