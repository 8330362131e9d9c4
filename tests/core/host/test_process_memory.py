"""The most a process held, of real ones."""

import os
import subprocess
import sys
from pathlib import Path

from venom_desktop.core.host.process_memory import peak_bytes

MIB = 1 << 20
PROGRAM = "import sys; held = bytearray(b'x') * (96 << 20); del held; print('free again', flush=True); sys.stdin.read()"


def test_what_was_given_back_counts() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        peak = peak_bytes(process.pid)
        process.kill()

    assert peak is not None
    assert 96 * MIB < peak < 160 * MIB


def test_without_the_system_telling_the_memory_of_now_stands_in(tmp_path: Path) -> None:
    assert (peak_bytes(os.getpid(), proc=tmp_path) or 0) > MIB


def test_a_process_that_is_gone_has_none() -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()

    assert peak_bytes(process.pid) is None
