"""Writes THIRD_PARTY_NOTICES.md from the metadata of the installed releases that Venom Desktop runs with."""

import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
NOTICES = ROOT / "THIRD_PARTY_NOTICES.md"
NOT_STATED = "not stated"
# What a release says of itself is sometimes a whole licence text or nothing; these were read in their sources.
READ_IN_THE_SOURCE = {
    "backports-zstd": "PSF-2.0 (contains Zstandard, BSD-3-Clause)",
    "xllamacpp": "MIT (contains llama.cpp, MIT)",
}
HEAD = """# Third-party notices

Venom Desktop runs with the releases below, each under its own licence, whose text is in the release itself.
Written by `make notices` from what is installed on Linux; other systems add or leave out a few.

Qt and PySide6 are used under the LGPL 3.0, linked dynamically and unchanged: you may replace them in `.venv`.

| Name | Version | Licence | Home page |
|---|---|---|---|
"""


def runtime_names(root: str) -> set[str]:
    """Every distribution that `root` needs at run time on this machine, by canonical name, without `root`."""
    found: set[str] = set()
    waiting = [Requirement(root)]
    seen: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        key = str(wanted)
        if key in seen:
            continue
        seen.add(key)
        found.add(canonicalize_name(wanted.name))
        for line in metadata.requires(wanted.name) or []:
            needed = Requirement(line)
            extras = wanted.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(
                    Requirement(f"{needed.name}[{','.join(needed.extras)}]" if needed.extras else needed.name)
                )
    return found - {canonicalize_name(root)}


def licence_of(name: str, about: metadata.PackageMetadata) -> str:
    """The licence in one line: what was read in the source, the SPDX expression, the short text, the classifiers."""
    if name in READ_IN_THE_SOURCE:
        return READ_IN_THE_SOURCE[name]
    if "License-Expression" in about:
        return about["License-Expression"]
    classified = [
        line.rsplit(" :: ", 1)[-1]
        for line in about.get_all("Classifier") or []
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    stated = about["License"].strip() if "License" in about else ""
    if stated and "\n" not in stated and len(stated) < 60 and stated.lower() != "unknown":
        return stated
    return ", ".join(classified) or NOT_STATED


def home_of(about: metadata.PackageMetadata) -> str:
    """Host and path of the project's own page, or nothing."""
    links = {}
    for line in about.get_all("Project-URL") or []:
        label, _, address = line.partition(",")
        links[re.sub(r"[^a-z]", "", label.lower())] = address.strip()
    if "Home-page" in about:
        links.setdefault("homepage", about["Home-page"])
    for label in ("homepage", "home", "source", "sourcecode", "repository", "github", "documentation"):
        if label in links:
            return re.sub(r"^https?://(www\.)?|/$", "", links[label])
    return ""


def notices() -> str:
    """The whole file."""
    rows = []
    for name in sorted(runtime_names("venom-desktop")):
        about = metadata.metadata(name)
        rows.append(f"| {about['Name']} | {about['Version']} | {licence_of(name, about)} | {home_of(about)} |")
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    if NOT_STATED in (text := notices()):
        sys.stderr.write(f"Some licences are {NOT_STATED}: read them in the source and add them here.\n")
    NOTICES.write_text(text, encoding="utf-8")
