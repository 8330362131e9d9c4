"""What the imports of the window may not leave behind."""

import subprocess
import sys

_COUNTS_SOURCES = """
import linecache
import venom_desktop.app.desktop
before = len(linecache.cache)
import venom_desktop.app.session, venom_desktop.app.backstage
print(before, len(linecache.cache))
"""


def test_no_source_is_read_and_kept_for_a_module_that_is_imported() -> None:
    told = subprocess.run([sys.executable, "-c", _COUNTS_SOURCES], capture_output=True, text=True, check=True)
    before, after = map(int, told.stdout.split())
    assert after == before
