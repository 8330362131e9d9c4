"""Runs the stand-ins of the Ollama library and of its registry as a process of its own.

`python -m tests.fakes.ollama_library_process --many 200 --model tiny:latest=tiny.gguf` prints the library's address,
then the registry's, and ends when its standard input closes.
"""

import argparse
import sys
from pathlib import Path

from tests.fakes.oci_registry import OciRegistryServer
from tests.fakes.ollama_library import GEMMA, OllamaLibraryServer
from tests.fakes.ollama_library_pages import ListedModel, ListedTag


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=0, metavar="COUNT", help="so many made-up models")
    parser.add_argument("--model", action="append", default=[], metavar="NAME:TAG=FILE", help="listed, and published")
    given = parser.parse_args()
    with OllamaLibraryServer(GEMMA) as library, OciRegistryServer() as registry:
        for spec in given.model:
            name, _, file = spec.partition("=")
            library.models.insert(0, publish(registry, name, Path(file)))
        library.many_models(given.many)
        sys.stdout.write(f"{library.url}\n{registry.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


def publish(registry: OciRegistryServer, name: str, file: Path, *, template: bytes = b"{{ .Prompt }}") -> ListedModel:
    """Put a GGUF into the registry as `tiny:latest`, and say how the library would list it."""
    model, _, tag = name.partition(":")
    path = model if "/" in model else f"library/{model}"
    published = registry.publish(f"{path}:{tag or 'latest'}", file, others={"template": template})
    size = f"{max(1, file.stat().st_size // 1_000_000)}MB"
    tags = (ListedTag(tag=tag or "latest", size=size, digest=published.digest[:12]),)
    return ListedModel(name=model, sizes=(), abilities=(), pulls="1.2M", tags=tags)


if __name__ == "__main__":
    main()
