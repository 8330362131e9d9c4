"""The window as a test holds it: starts the program, asks and tells the hand in it, and waits for facts."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import psutil

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "test-output" / "e2e"
WAIT_S = 60.0
POLL_S = 0.03
T = TypeVar("T")


class NotYet(Exception):
    """What was asked for is not there (now)."""


def wait_for(fact: Callable[[], T], *, timeout_s: float = WAIT_S) -> T:
    """Ask until the answer is true; the last refusal is the message when time is up."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while True:
        refusal = ""
        try:
            if answer := fact():
                return answer
        except NotYet as error:
            refusal = str(error)
        if time.monotonic() > deadline:
            raise TimeoutError(refusal or f"never came true within {timeout_s} s")
        pause.wait(POLL_S)


class AppWindow:
    """One run of the program. Verbs wait until they can be done, and fail with what is there instead."""

    def __init__(self, home: Path, environ: Mapping[str, str], *arguments: str) -> None:
        self.home = home
        self.errors_file = home.parent / f"{home.name}-stderr.txt"
        ours, theirs = socket.socketpair()
        with theirs, self.errors_file.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.driver", str(theirs.fileno()), *arguments],
                env={**os.environ, **environ, "VENOM_HOME": str(home)},
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )
        self._socket = ours
        self._lines = ours.makefile("rw", encoding="utf-8")
        self._asking = threading.Lock()

    def ask(self, verb: str, **told: object) -> Any:
        """One request; raises `NotYet` when it cannot be done now."""
        with self._asking:
            try:
                self._lines.write(f"{json.dumps({'do': verb, **told})}\n")
                self._lines.flush()
                line = self._lines.readline()
            except OSError:
                line = ""
        if not line:
            raise AssertionError(f"the program has ended ({self.process.poll()}): {self.errors()}")
        answer = json.loads(line)
        if "error" in answer:
            raise NotYet(answer["error"])
        return answer["value"]

    def wait_until_open(self) -> None:
        wait_for(lambda: self.ask("window")["furnished"])
        wait_for(lambda: self.ask("window")["active"])

    def see(self, words: str, kind: str = "QWidget", *, inside: str = "*", timeout_s: float = WAIT_S) -> dict[str, Any]:
        """Wait for something visible, the first of what fits."""

        def found() -> dict[str, Any]:
            there = self.ask("look", kind=kind, words=words, inside=inside)
            if not there:
                around = [one["words"] for one in self.ask("look", kind=kind, inside=inside) if one["words"]]
                raise NotYet(f"no {kind} {words!r} in {inside}; there is {around[:60]}")
            first: dict[str, Any] = there[0]
            return first

        return wait_for(found, timeout_s=timeout_s)

    def sees(self, words: str, kind: str = "QWidget", *, inside: str = "*") -> bool:
        return bool(self.ask("look", kind=kind, words=words, inside=inside))

    def wait_until_gone(self, words: str, kind: str = "QWidget", *, inside: str = "*") -> None:
        wait_for(lambda: not self.sees(words, kind, inside=inside))

    def do(self, verb: str, *, timeout_s: float = WAIT_S, **told: object) -> None:
        """Do it as soon as it can be done."""
        wait_for(lambda: self.ask(verb, **told) is None, timeout_s=timeout_s)

    def click(self, words: str, kind: str = "QAbstractButton", *, inside: str = "*") -> None:
        self.do("click", kind=kind, words=words, inside=inside)

    def click_offer(self, words: str) -> None:
        """Press the verb of the catalog's panel; a busy machine may keep a source from answering in its 3 s."""

        def is_offered() -> bool:
            if self.sees("Try again", "QAbstractButton", inside="CatalogDetails"):
                with contextlib.suppress(NotYet):
                    self.ask("click", kind="QAbstractButton", words="Try again", inside="CatalogDetails")
            return self.sees(words, "QAbstractButton", inside="CatalogDetails")

        wait_for(is_offered)
        self.click(words, inside="CatalogDetails")

    def browse(self) -> None:
        """From the first page to the catalog."""
        self.click("Browse the catalog", inside="FirstRunPage")

    def go_to(self, tab: str) -> None:
        self.do("click_tab", words=tab)

    def click_row(self, row: str, table: str) -> None:
        self.do("click_row", row=row, kind=table)

    def rows(self, table: str) -> list[str]:
        found: list[str] = self.ask("rows", kind=table)
        return found

    def type_into(self, field: str, text: str, *, kind: str = "QWidget") -> None:
        """Click the field, and type once it has the keyboard."""
        self.click(field, kind)
        self.type_text(text)

    def type_text(self, text: str) -> None:
        self.do("type_text", text=text)

    def press(self, keys: str) -> None:
        self.do("press", keys=keys)

    def picture(self, name: str) -> Path:
        """A picture of the window once two in a row are alike."""
        OUTPUT.mkdir(parents=True, exist_ok=True)
        path = OUTPUT / f"{name}.png"
        last = ""

        def rests() -> bool:
            nonlocal last
            before, last = last, str(self.ask("pixels"))
            return before == last

        # A clock or a sparkline that steps just now is no reason to fail.
        with contextlib.suppress(TimeoutError):
            wait_for(rests, timeout_s=0.8)
        self.do("picture", path=str(path))
        return path

    def children(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def child(self, part: str) -> psutil.Process:
        """Wait for a child process whose command line holds `part`."""

        def found() -> psutil.Process | None:
            for process in self.children():
                with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                    if any(part in word for word in process.cmdline()):
                        return process
            return None

        return wait_for(found) or self.child(part)

    def kill(self) -> None:
        """kill -9, and whatever it had started has to end by itself."""
        family = self.children()
        self.process.kill()
        self.process.wait()
        assert_gone(family)

    def ends(self, *, timeout_s: float = WAIT_S) -> int:
        """Wait for the exit status; nothing that it started may outlive it."""
        family = self.children()
        status = self.process.wait(timeout_s)
        assert_gone(family)
        return status

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._lines.close()
        self._socket.close()

    def errors(self) -> str:
        return self.errors_file.read_text(errors="replace")

    def log(self) -> str:
        return (self.home / "log" / "venom-desktop.log").read_text(encoding="utf-8")

    def warnings(self) -> list[str]:
        """What the log tells at WARNING or above, and what was printed; Qt's own complaints are printed."""
        levels = (" WARNING ", " ERROR ", " CRITICAL ")
        logged = [line for line in self.log().splitlines() if any(level in line for level in levels)]
        return logged + self.errors().splitlines()


def assert_gone(family: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive, f"orphans: {alive}"


@contextlib.contextmanager
def screen(size: str = "2048x1400") -> Iterator[str]:
    """An X server with a window manager; answers its DISPLAY."""
    for program in ("Xvfb", "openbox"):
        assert shutil.which(program), f"{program} is missing: `make test` brings it"
    reading, writing = os.pipe()
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size}x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    ) as server:
        os.close(writing)
        with os.fdopen(reading) as told:
            display = f":{told.readline().strip()}"
        environ = {**os.environ, "DISPLAY": display}
        with subprocess.Popen(["openbox", "--sm-disable"], env=environ, stderr=subprocess.DEVNULL) as manager:
            wait_for(lambda: _is_managed(environ))
            try:
                yield display
            finally:
                manager.terminate()
                manager.wait()
                server.terminate()


def _is_managed(environ: Mapping[str, str]) -> bool:
    """A window manager names its own window on the root once it works."""
    asked = subprocess.run(["xdotool", "get_num_desktops"], env=environ, capture_output=True, check=False)
    return asked.returncode == 0
