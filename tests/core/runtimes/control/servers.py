"""Small stand-in servers for the tests of guard and child."""

import sys

WAITS = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"]
"""Ends when its stdin closes."""

DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]
"""Ignores SIGTERM and a closed stdin."""

WITH_GRANDCHILD = [
    sys.executable,
    "-c",
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(child.pid, flush=True); time.sleep(600)",
]
"""Tells the PID of a process it started; neither looks at its stdin."""
