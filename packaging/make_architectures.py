"""Writes the shipped list of architectures that vLLM can serve, from the registry of one of its releases.

`python packaging/make_architectures.py <vllm's model_executor/models/registry.py> <version> <date read>`: the file is
read as text and never run. Models that only draft for another one are left out.
"""

import argparse
import ast
import json
from pathlib import Path

TARGET = Path(__file__).parents[1] / "resources" / "vllm_architectures.json"
_NOT_SERVED_ALONE = frozenset({"_SPECULATIVE_DECODING_MODELS", "_TRANSFORMERS_BACKEND_MODELS"})


def architectures_in(source: str) -> list[str]:
    """The keys of every `_..._MODELS` dictionary at the top level whose values name a module and a class."""
    found: set[str] = set()
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(keys=keys, values=values)):
                if name.endswith("_MODELS") and name not in _NOT_SERVED_ALONE:
                    pairs = zip(keys, values, strict=True)
                    found |= {
                        key.value
                        for key, value in pairs
                        if isinstance(key, ast.Constant) and isinstance(key.value, str) and isinstance(value, ast.Tuple)
                    }
            case _:
                pass
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("registry", type=Path)
    parser.add_argument("version")
    parser.add_argument("read_on")
    told = parser.parse_args()
    content = {
        "source": "vllm/model_executor/models/registry.py of vLLM (Apache-2.0), names only",
        "version": told.version,
        "read_on": told.read_on,
        "architectures": architectures_in(told.registry.read_text(encoding="utf-8")),
    }
    TARGET.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
