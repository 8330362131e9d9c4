"""`make run` in a checkout that was moved after its environment was made."""

import os
import shutil
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def _script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_a_moved_checkout_still_opens_the_window(tmp_path: Path) -> None:
    packaging = tmp_path / "packaging"
    packaging.mkdir()
    shutil.copy(CHECKOUT / "packaging" / "run.sh", packaging)
    _script(packaging / "system.sh", "#!/bin/sh\n")
    _script(tmp_path / ".venv" / "bin" / "python", '#!/bin/sh\necho "$@"\n')
    _script(tmp_path / ".venv" / "bin" / "venom-desktop", "#!/where/it/was/.venv/bin/python\n")
    environ = {**os.environ, "DISPLAY": ":0"}
    done = subprocess.run([packaging / "run.sh"], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "-m venom_desktop\n"), done.stderr
