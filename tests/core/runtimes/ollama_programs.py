"""Small `ollama` programs for the tests of the server's process; what they answer is not the point here."""

import sys
from pathlib import Path
from string import Template

_PROGRAM = Template('''#!$python -IS
"""An ollama that knows serve and --version; MODE is what goes wrong with it."""
import os, signal, socket, subprocess, sys, time
MODE, HERE = "$mode", os.path.dirname(os.path.abspath(__file__))

def answer(listener, words):
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            body = words.encode()
            head = "HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n" % len(body)
            connection.sendall(head.encode() + body)
            # Go programs die of a line that nobody reads.
            print("GET /api/version", flush=True)

def listen(port):
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        sys.exit("Error: listen tcp 127.0.0.1:%d: bind: address already in use" % port)

def rob(port, words):
    """Somebody else takes the port between the look and the bind."""
    if os.fork() == 0:
        os.setsid()
        with open(os.path.join(HERE, "robber.pid"), "w") as file:
            file.write(str(os.getpid()))
        sys.stdout = open(os.devnull, "w")
        for stream in (1, 2):
            os.dup2(sys.stdout.fileno(), stream)
        answer(listen(port), words)
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.005)

signal.signal(signal.SIGPIPE, signal.SIG_DFL)
if sys.argv[1:] == ["--version"]:
    host, _, port = os.environ.get("OLLAMA_HOST", "127.0.0.1:1").rpartition(":")
    try:
        socket.create_connection((host, int(port))).recv(1)
    except OSError:
        pass
    print("Warning: could not connect to a running Ollama instance\\nWarning: client version is $version")
    sys.exit(0)
assert sys.argv[1:] == ["serve"], sys.argv
host, _, port = os.environ["OLLAMA_HOST"].rpartition(":")
OLLAMA = '{"version": "$version"}'
if MODE == "folder":
    sys.exit("Error: mkdir /srv/models: permission denied: ensure path elements are traversable")
if MODE == "robbed":
    rob(int(port), "no model server")
if MODE == "robbed by ollama":
    rob(int(port), OLLAMA)
    # It takes its time to notice.
    while not os.path.exists(os.path.join(HERE, "go")):
        time.sleep(0.005)
if MODE == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if MODE == "never ready":
    time.sleep(600)
listener = listen(int(port))
if MODE == "another account":
    os.setuid(65534)
print("Listening on 127.0.0.1:%s" % port, flush=True)
if MODE == "silent":
    time.sleep(600)
answer(listener, "no model server" if MODE == "foreign" else OLLAMA)
''')


def ollama_program(folder: Path, *, mode: str = "", version: str = "0.16.3", name: str = "ollama") -> Path:
    """An executable in `folder`.

    Modes: another account, deaf, folder, foreign, never ready, robbed, robbed by ollama, silent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(_PROGRAM.substitute(python=sys.executable, mode=mode, version=version))
    program.chmod(0o755)
    return program
