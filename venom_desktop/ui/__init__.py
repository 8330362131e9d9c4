"""The window: views over core snapshots, and nothing that decides."""

import sys

import PySide6.QtCore  # noqa: F401 - what is looked for below comes with it


def _leave_sources_alone() -> None:
    """Keep PySide6 from reading the source of every module that is imported later, and from holding on to it.

    It looks for modules that use Qt (`inspect.getsource`) because those may ask for other spellings of Qt's names
    (`__feature__`). None here does, and the look costs 13 MB and some of the start (6.11).
    """
    inside = vars(sys.modules.get("shibokensupport.feature", sys))
    if "_mod_uses_pyside" in inside:
        inside["_mod_uses_pyside"] = lambda module: False


_leave_sources_alone()
