"""The command line: serve, list, install, activate and remove, without Qt; what is heavy comes when a command runs."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from venom_desktop import __version__
from venom_desktop.app.found_parser import add_found_parser
from venom_desktop.app.remote_parser import add_remote_parser
from venom_desktop.core.errors import VenomError

FAILED = 1
INTERRUPTED = 130
"""What shells report for a program that Ctrl+C ended."""


def run(arguments: Sequence[str]) -> int:
    """Do one command and return its exit status: 0 done, 1 failed, 2 not understood, 130 interrupted."""
    try:
        given = _parser().parse_args(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    try:
        return _command(given)
    except VenomError as error:
        return _tell(error, as_json=getattr(given, "json", False))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; Python would complain about it again at exit.
        sys.stdout = None
        return FAILED


def _command(given: argparse.Namespace) -> int:
    if given.command == "serve":
        from venom_desktop.app.serve import serve

        return serve(port=given.port, models_dir=given.models_dir)
    from venom_desktop.app import commands, found_commands, remote_commands, trending_command

    verbs: dict[str, Callable[[argparse.Namespace], Coroutine[Any, Any, int]]] = {
        "list": commands.list_models,
        "install": commands.install,
        "activate": commands.activate,
        "remove": commands.remove,
        "profile": commands.profile,
        "trending": trending_command.trending,
        "found": found_commands.found,
        "remote": remote_commands.remote,
    }
    return asyncio.run(verbs[given.command](given))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="venom-desktop",
        description="Find, install, run, switch and watch AI models. Without a command: the window; "
        "with --minimised it begins in the tray, or in the task bar where there is none.",
    )
    parser.add_argument("--version", action="version", version=f"venom-desktop {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    serve = commands.add_parser("serve", help="run the HTTP API without a window")
    serve.add_argument("--port", type=_port, help="port on 127.0.0.1; 0 takes any that is free (default: the setting)")
    serve.add_argument("--models-dir", type=_folder, help="folder of the models (default: the setting)")
    listing = commands.add_parser("list", help="show what is installed")
    install = commands.add_parser(
        "install", help="install a model from Hugging Face or the Ollama library; Ctrl+C pauses"
    )
    install.add_argument(
        "name",
        help="org/name:QUANTIZATION (without one the best that fits this machine), org/name with --runtime vllm, "
        "or llama3:8b of the library",
    )
    install.add_argument(
        "--provider", choices=("huggingface", "ollama"), help="where it comes from (default: by the form of the name)"
    )
    activate = commands.add_parser("activate", help="make an installed model the one that answers")
    remove = commands.add_parser("remove", help="remove an installed model")
    for command in (activate, remove):
        command.add_argument("--yes", action="store_true", help="go ahead without being asked")
        command.add_argument("name", help="name as `list` shows it")
        command.add_argument("--runtime", help="needed where two runtimes have the name")
    install.add_argument("--runtime", help="what is to run it: llama_cpp or ollama (default: the provider's first)")
    add_found_parser(commands)
    add_remote_parser(commands)
    profile = commands.add_parser("profile", help="say which runtimes are offered, or choose another profile")
    profile.add_argument("name", nargs="?", help="light, llm_off or full")
    profile.add_argument("--yes", action="store_true", help="go ahead without being asked")
    trending = commands.add_parser("trending", help="show what many look at now")
    trending.add_argument("--provider", choices=("huggingface", "ollama"), help="one source alone (default: both)")
    trending.add_argument("--limit", type=_limit, default=12, help="so many models of each, 1 to 100 (default: 12)")
    trending.add_argument("--refresh", action="store_true", help="ask the sources anew")
    for command in (listing, install, activate, remove, profile, trending):
        command.add_argument("--json", action="store_true", help="answer in the HTTP API's JSON")
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError("give a port from 0 to 65535")
    return int(text)


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError("give a number from 1 to 100")
    return int(text)


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _tell(error: VenomError, *, as_json: bool) -> int:
    if as_json:
        from venom_desktop.api.answers import error_body

        print(json.dumps(getattr(error, "answer", None) or error_body(error, for_gateway=False), ensure_ascii=False))
        return FAILED
    hint = " (--yes)" if error.needs_confirmation else ""
    print(f"{error}{hint}", file=sys.stderr)
    return FAILED
