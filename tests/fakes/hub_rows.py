"""The hub's JSON: rows of the listing, one model in full, files of a tree."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.fakes.hub_store import HubFile, Repo

EXPANDABLE = {
    *("author", "baseModels", "cardData", "childrenModelCount", "config", "createdAt", "disabled", "downloads"),
    *("downloadsAllTime", "evalResults", "gated", "gguf", "inference", "inferenceProviderMapping", "lastModified"),
    *("library_name", "likes", "mask_token", "model-index", "pipeline_tag", "private", "resourceGroup", "safetensors"),
    *("sha", "siblings", "spaces", "tags", "transformersInfo", "trendingScore", "usedStorage", "widgetData"),
}
BRIEF = ["likes", "trendingScore", "private", "downloads", "tags", "pipeline_tag", "library_name", "createdAt"]
FULL = [*BRIEF, "author", "gated", "disabled", "lastModified", "sha", "siblings"]
ONE = [*FULL, "cardData", "config", "gguf", "safetensors", "spaces", "usedStorage"]


def row(repo: Repo, wanted: Iterable[str], *, brief: bool = False, blobs: bool = False) -> dict[str, Any]:
    """The asked properties that this repository has, as the hub leaves out what is unknown."""
    every = _properties(repo, blobs=blobs)
    told: dict[str, Any] = {"_id": repo.sha[:24], "id": repo.repo_id}
    told |= {name: every[name] for name in wanted if every.get(name) is not None}
    return told if brief else told | {"modelId": repo.repo_id}


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _properties(repo: Repo, *, blobs: bool) -> dict[str, Any]:
    return {
        "author": repo.author,
        "cardData": dict(repo.card_data),
        "config": repo.config or ({"model_type": repo.gguf["architecture"]} if repo.gguf else {}),
        "createdAt": timestamp(repo.created),
        "disabled": False,
        "downloads": repo.downloads,
        "downloadsAllTime": repo.downloads * 10,
        "gated": repo.gated,
        "gguf": dict(repo.gguf) if repo.gguf else None,
        "lastModified": timestamp(repo.last_modified),
        "library_name": repo.library_name,
        "likes": repo.likes,
        "model-index": None,
        "pipeline_tag": repo.pipeline_tag,
        "private": repo.private,
        "safetensors": repo.safetensors,
        "sha": repo.sha,
        "siblings": [_sibling(file, blobs=blobs) for _, file in sorted(repo.files.items())],
        "spaces": [],
        "tags": list(repo.tags),
        "trendingScore": repo.trending_score,
        "usedStorage": sum(file.size_bytes for file in repo.files.values()),
    }


def _sibling(file: HubFile, *, blobs: bool) -> dict[str, Any]:
    if not blobs:
        return {"rfilename": file.name}
    told: dict[str, Any] = {"rfilename": file.name, "blobId": file.git_id, "size": file.size_bytes}
    if file.is_large:
        told["lfs"] = {"sha256": file.sha256, "size": file.size_bytes, "pointerSize": file.pointer_bytes}
    return told


def tree(repo: Repo, folder: str, *, recursive: bool, expand: bool = False) -> list[dict[str, Any]]:
    """Files and folders below `folder` ('' is the root)."""
    prefix = f"{folder}/" if folder else ""
    below = [file for name, file in sorted(repo.files.items()) if name.startswith(prefix)]
    depths = [file.name[len(prefix) :].split("/")[:-1] for file in below]
    levels = [parts[: None if recursive else 1] for parts in depths]
    folders = {prefix + "/".join(parts[:end]) for parts in levels for end in range(1, len(parts) + 1)}
    shown = [file for file, parts in zip(below, depths, strict=True) if recursive or not parts]
    entries = [{"type": "directory", "oid": repo.sha, "size": 0, "path": path} for path in sorted(folders)]
    return entries + [tree_file(repo, file, expand=expand) for file in shown]


def tree_file(repo: Repo, file: HubFile, *, expand: bool = False) -> dict[str, Any]:
    told: dict[str, Any] = {"type": "file", "oid": file.git_id, "size": file.size_bytes, "path": file.name}
    if file.is_large:
        told["lfs"] = {"oid": file.sha256, "size": file.size_bytes, "pointerSize": file.pointer_bytes}
    if expand:
        told["lastCommit"] = {"id": repo.sha, "title": "Upload", "date": timestamp(repo.last_modified)}
        told["securityFileStatus"] = {"status": "safe", "avScan": {}, "pickleImportScan": None}
    return told


def paths(repo: Repo, asked: Sequence[str], *, expand: bool) -> list[dict[str, Any]]:
    """What is told about each path that exists; others are left out."""
    return [tree_file(repo, repo.files[name], expand=expand) for name in asked if name in repo.files]
