"""Writes the list of models that ships with the program from a file of collected facts.

python packaging/make_snapshot.py FACTS.json resources/catalog_snapshot.json
"""

import argparse
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from venom_desktop.core.catalog.ollama_numbers import parse_age, parse_parameters

# Adapters, and parts of speech and video generators: nothing that answers a prompt by itself.
NO_LANGUAGE_MODELS = {"SulphurAI/Sulphur-2-base", "jeremyhola/LORAs", "neuphonic/neutts-air"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("facts", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    facts = json.loads(arguments.facts.read_bytes())
    as_of = datetime.fromisoformat(facts["ollama_as_of"]).replace(tzinfo=UTC)
    parts = {
        "huggingface": (
            facts["huggingface_as_of"],
            [hub_row(fact) for fact in facts["huggingface"] if fact["model_name"] not in NO_LANGUAGE_MODELS],
        ),
        "ollama": (facts["ollama_as_of"], [library_row(fact, as_of) for fact in facts["ollama"]]),
    }
    arguments.target.write_text(written(parts), encoding="utf-8")
    counts = ", ".join(f"{len(rows)} of {name}" for name, (_, rows) in parts.items())
    print(f"{counts}, {arguments.target.stat().st_size} bytes")


def written(parts: Mapping[str, tuple[str, list[dict[str, Any]]]]) -> str:
    """One row a line: small, and a change of one model is a change of one line."""
    texts = []
    for name, (day, rows) in parts.items():
        lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        texts.append(f'"{name}":{{"as_of":"{day}","rows":[\n{lines}\n]}}')
    return "{" + ",\n".join(texts) + "}\n"


def library_row(fact: dict[str, Any], as_of: datetime) -> dict[str, Any]:
    """One model as the pages of the library are read, with the tags that people look for."""
    updated = parse_age(fact["updated"], as_of)
    return {
        "name": fact["model_name"],
        "sizes": [tag for tag in fact["tags"] if parse_parameters(tag) is not None],
        "words": fact["capabilities"],
        "pulls": fact["pulls"],
        "tag_count": fact["tag_count"],
        "updated": updated.isoformat() if updated else None,
        "tags": [library_tag(tag, told) for tag, told in main_tags(fact["tags"]).items()],
    }


def main_tags(tags: dict[str, Any]) -> dict[str, Any]:
    """`latest` and the sizes, and of each of them the tag that tells its quantization."""
    plain = {tag: told for tag, told in tags.items() if tag == "latest" or parse_parameters(tag) is not None}
    kept = plain or tags
    longest: dict[str, str] = {}
    for tag, told in tags.items():
        longest[told["digest12"]] = max(longest.get(told["digest12"], ""), tag, key=len)
    telling = {longest[told["digest12"]] for told in kept.values()}
    return {tag: told for tag, told in tags.items() if tag in kept or tag in telling}


def library_tag(tag: str, told: dict[str, Any]) -> dict[str, Any]:
    """The sizes of the library's pages are decimal: 4.9 GB of llama3.1:8b are 4,920,753,328 bytes."""
    size = None if told["size_gb"] is None else round(told["size_gb"] * 10**9)
    found = {"tag": tag, "size_bytes": size, "context": told["context"], "digest": told["digest12"]}
    return found | ({"inputs": told["inputs"]} if told["inputs"] != ["text"] else {})


def hub_row(fact: dict[str, Any]) -> dict[str, Any]:
    """One row as the hub's own API gives it, so that one parser reads both."""
    files = [sibling(choice["file"], size_bytes(choice["size_gb"])) for choice in fact["quantizations"]]
    # The facts tell no size for projectors, and no size is better than a wrong one.
    files += [sibling(name, None) for name in fact["mmproj"]]
    return {
        "id": fact["model_name"],
        "downloads": fact["downloads"],
        "tags": ["gguf", *(["tools"] if fact["tools"] else [])],
        "siblings": files,
    }


def sibling(name: str, size: int | None) -> dict[str, Any]:
    return {"rfilename": name} if size is None else {"rfilename": name, "size": size}


def size_bytes(told_gb: float) -> int:
    """The facts call them GB, and they are binary: 8.4 for the 9.0 GB of Qwen3-14B-Q4_K_M, 0.697 for 697 MiB."""
    return round(told_gb * 1000 * 2**20) if told_gb < 1 else round(told_gb * 2**30)


if __name__ == "__main__":
    main()
