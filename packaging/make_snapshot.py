"""Writes the list of models that ships with the program from a file of collected facts.

python packaging/make_snapshot.py FACTS.json resources/catalog_snapshot.json
"""

import argparse
import json
from pathlib import Path
from typing import Any

# Adapters, and parts of speech and video generators: nothing that answers a prompt by itself.
NO_LANGUAGE_MODELS = {"SulphurAI/Sulphur-2-base", "jeremyhola/LORAs", "neuphonic/neutts-air"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("facts", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    facts = json.loads(arguments.facts.read_bytes())
    rows = [hub_row(fact) for fact in facts["huggingface"] if fact["model_name"] not in NO_LANGUAGE_MODELS]
    snapshot = {"huggingface": {"as_of": facts["huggingface_as_of"], "rows": rows}}
    arguments.target.write_text(json.dumps(snapshot, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(rows)} models, {arguments.target.stat().st_size} bytes")


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
