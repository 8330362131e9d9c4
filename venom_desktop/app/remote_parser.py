"""What `venom-desktop remote` understands."""

from pathlib import Path
from typing import Any

KEY_VARIABLE = "VENOM_REMOTE_KEY"


def add_remote_parser(commands: Any) -> None:
    """`commands` are the subparsers of the whole command line."""
    parser = commands.add_parser("remote", help="use an Ollama or an OpenAI-compatible server elsewhere")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    key_help = f"read its key from standard input; or set {KEY_VARIABLE} (a key is never an argument)"
    add = verbs.add_parser("add", help="add a server")
    add.add_argument("title", help="what you call it")
    test = verbs.add_parser("test", help="ask a server what it is and has")
    listing = verbs.add_parser("list", help="show the servers that were added")
    remove = verbs.add_parser("remove", help="forget a server and its key")
    forget = verbs.add_parser("forget-key", help="remove the key of a server, and nothing else")
    for verb in (remove, forget, test):
        verb.add_argument("name", nargs="?" if verb is test else None, help="name as `remote list` shows it")
    add.add_argument("url", help="its address, as https://models.example.org:8000")
    test.add_argument("--url", help="the address of one that was not added")
    for verb in (add, test):
        verb.add_argument("--kind", choices=("openai", "ollama"), default="openai", help="how it speaks")
        verb.add_argument("--ca-file", type=_path, help="file of the authority that signed its certificate (PEM)")
        verb.add_argument("--key-stdin", action="store_true", help=key_help)
    for words in ("input", "output"):
        add.add_argument(f"--{words}-usd", type=float, help=f"price of a million tokens of {words}, in dollars")
    add.add_argument("--requests-per-minute", type=int, help="its limit")
    for verb in (add, remove, forget, test):
        verb.add_argument("--yes", action="store_true", help="go ahead without being asked")
    for verb in (add, remove, forget, test, listing):
        verb.add_argument("--json", action="store_true", help="answer in the HTTP API's JSON")


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()
