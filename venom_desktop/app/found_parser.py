"""What `venom-desktop found` understands."""

from typing import Any

WAYS = ("in_place", "link", "move", "copy")


def add_found_parser(commands: Any) -> None:
    """`commands` are the subparsers of the whole command line."""
    parser = commands.add_parser("found", help="models of other programs on this computer: find and take them over")
    verbs = parser.add_subparsers(dest="verb", metavar="verb", help="without one: look for them and list them")
    listing = verbs.add_parser("list", help="look for them and list them")
    take = verbs.add_parser("import", help="take one over; Ctrl+C gives a copy or a move up")
    undo = verbs.add_parser("undo", help="give an imported model back to where it was found")
    dismiss = verbs.add_parser("dismiss", help="offer one no more")
    restore = verbs.add_parser("restore", help="offer again what was dismissed")
    for one in (parser, listing):
        one.add_argument("--dismissed", action="store_true", help="list what was dismissed instead")
    for verb in (take, dismiss):
        verb.add_argument("id", help="id as `found` shows it")
    take.add_argument("--way", choices=WAYS, default="in_place", help="how (default: used where it lies)")
    undo.add_argument("name", help="name as `list` shows it")
    undo.add_argument("--runtime", help="needed where two runtimes have the name")
    restore.add_argument("id", nargs="?", help="one of them (default: all)")
    for one in (parser, listing, take, undo, dismiss, restore):
        one.add_argument("--json", action="store_true", help="answer in the HTTP API's JSON")
