"""Says in our words that a disk has no room for a program."""

from venom_desktop.core.errors import NoRoomForProgram

_MB = 10**6
_GB = 10**9


def require_room(what: str, needed_bytes: int, left_bytes: int) -> None:
    """Raises `NoRoomForProgram` when `needed_bytes` do not fit into `left_bytes`; equal fits."""
    if needed_bytes <= left_bytes:
        return
    left = max(0, left_bytes)
    decimals = next((count for count in range(1, 6) if _amount(needed_bytes, count) != _amount(left, count)), 6)
    raise NoRoomForProgram(
        what=what,
        needed=_amount(needed_bytes, decimals),
        left=_amount(left, decimals),
        needed_bytes=needed_bytes,
        left_bytes=left,
    )


def _amount(count: int, decimals: int) -> str:
    """In English, for a sentence: `4.9 GB`, `812 MB`."""
    if count >= _GB:
        return f"{count / _GB:.{decimals}f}\u00a0GB"
    return f"{count / _MB:.{decimals - 1}f}\u00a0MB"
