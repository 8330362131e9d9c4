"""The guard through which every name from outside passes before it becomes a path."""

from pathlib import Path, PurePath

from venom_desktop.core.errors import InvalidName


def resolve_under(root: Path, *parts: str | PurePath) -> Path:
    """The absolute path of `parts` below `root`, links resolved; it need not exist.

    Raises `InvalidName` for whatever ends outside `root` or at `root` itself: absolute parts, `..`,
    links that lead out, NUL. The answer is true at this moment: a link made later is not seen.
    """
    if any("\0" in str(part) for part in parts):
        raise InvalidName
    try:
        top = root.resolve()
        path = top.joinpath(*parts).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError is how Python 3.11 reports a loop of links.
        raise InvalidName from error
    if path == top or not path.is_relative_to(top):
        raise InvalidName
    return path
