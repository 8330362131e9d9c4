"""Runs the stand-in hub as a process of its own.

`python -m tests.fakes.hub_process --repo org/name=folder --many 10000` prints its address as the first line and ends
when its standard input closes.
"""

import argparse
import sys
from pathlib import Path

from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import Slow


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repo", action="append", default=[], metavar="ORG/NAME=FOLDER", help="every file below it")
    parser.add_argument("--many", type=int, default=0, metavar="COUNT", help="also so many made-up repositories")
    parser.add_argument("--cdn", action="store_true", help="redirect large files to a second host")
    parser.add_argument("--slow", type=int, default=0, metavar="BYTES", help="send no more of a file in a second")
    given = parser.parse_args()
    with HubServer(cdn=given.cdn) as hub:
        for spec in given.repo:
            repo_id, _, folder = spec.partition("=")
            root = Path(folder)
            hub.add_repo(repo_id, {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()})
        hub.many_repos(given.many)
        if given.slow:
            hub.fault(Slow(bytes_per_second=given.slow), "*/resolve/*", times=None)
        sys.stdout.write(f"{hub.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
