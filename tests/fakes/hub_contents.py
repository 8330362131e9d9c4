"""Fills the stand-in hub: repositories and their files, accounts, papers and posts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from tests.fakes import hub_store
from tests.fakes.hub_papers import Paper, Post, Press
from tests.fakes.hub_store import DEFAULT_DATE, Account, Content, HubFile, Repo, Sized, Store
from tests.fakes.safetensors_files import config_of, counts_of

GITATTRIBUTES = HubFile.of(
    ".gitattributes", b"*.gguf filter=lfs diff=lfs merge=lfs -text\n*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
)
MANY_SIZES = (("1B", 1_235_814_432), ("3B", 3_212_749_888), ("8B", 8_030_261_312), ("70B", 70_553_706_560))
MANY_QUANTIZATIONS = (("Q4_K_M", 0.61), ("Q5_K_M", 0.71), ("Q8_0", 1.06))


class Contents:
    """What the hub holds, changed at any time while it serves."""

    def __init__(self) -> None:
        self.store = Store()
        self.press = Press()

    def add_repo(
        self,
        repo_id: str,
        files: Mapping[str, Content],
        *,
        gated: Literal[False, True, "auto", "manual"] = False,
        private: bool = False,
        license: str | None = "apache-2.0",
        downloads: int = 0,
        likes: int = 0,
        trending_score: int = 0,
        created: datetime = DEFAULT_DATE,
        last_modified: datetime = DEFAULT_DATE,
        tags: Sequence[str] = (),
        pipeline_tag: str | None = "text-generation",
        library_name: str | None = None,
        gguf: Mapping[str, Any] | None = None,
        base_model: str | None = None,
        card_text: str = "A model.",
    ) -> Repo:
        """Publish a repository, or publish it anew. README.md and .gitattributes are added where they are missing.

        `gguf` is what the hub read from the header: total, architecture, context_length, chat_template.
        Repositories with a .gguf file carry the tag `gguf`, those with a .safetensors file `safetensors`. What the hub
        read from config.json, tokenizer_config.json and the weights is read from the files here too.
        """
        every_tag = [form for form in ("gguf", "safetensors") if any(name.endswith(f".{form}") for name in files)]
        every_tag += tags
        every_tag += [f"license:{license}"] if license else []
        every_tag += [f"base_model:{base_model}", f"base_model:quantized:{base_model}"] if base_model else []
        card = hub_store.card(license, base_model, tuple(tags), text=card_text)
        measured = {name: HubFile.of(name, content) for name, content in {"README.md": card, **files}.items()}
        measured = {GITATTRIBUTES.name: GITATTRIBUTES, **measured}
        card_data = {"license": license, "base_model": base_model, "tags": list(tags)}
        repo = Repo(
            repo_id=repo_id,
            files=measured,
            sha=hub_store.commit_of(repo_id, measured),
            gated="auto" if gated is True else gated,
            private=private,
            license=license,
            downloads=downloads,
            likes=likes,
            trending_score=trending_score,
            created=created,
            last_modified=last_modified,
            tags=tuple(dict.fromkeys(every_tag)),
            pipeline_tag=pipeline_tag,
            library_name=library_name,
            gguf=gguf,
            config=config_of(files),
            safetensors=counts_of(files),
            card_data={name: value for name, value in card_data.items() if value},
        )
        return self.store.put(repo)

    def many_repos(self, count: int, *, organizations: int = 40) -> list[Repo]:
        """`count` GGUF repositories, each different in every sortable column; their files exist as sizes only."""
        return [self._one_of_many(number, organizations) for number in range(count)]

    def _one_of_many(self, number: int, organizations: int) -> Repo:
        size, total = MANY_SIZES[number % len(MANY_SIZES)]
        name = f"Model-{number:05}-{size}"
        files = {
            f"{name}-{label}.gguf": Sized(total_bytes=int(total * factor) + number, head=b"GGUF")
            for label, factor in MANY_QUANTIZATIONS
        }
        return self.add_repo(
            f"org{number % organizations:02}/{name}-GGUF",
            files,
            downloads=(number * 7919) % 1_000_003,
            likes=(number * 104_729) % 10_007,
            trending_score=(number * 31) % 997,
            created=DEFAULT_DATE - timedelta(hours=number),
            last_modified=DEFAULT_DATE - timedelta(minutes=number),
            tags=("text-generation", "en"),
            gguf={"total": total, "architecture": "llama", "context_length": 131072},
        )

    def replace_file(self, repo_id: str, name: str, content: Content) -> Repo:
        """Publish a new version of one file under a new commit; the earlier commit stays readable."""
        return self.store.with_file(repo_id, HubFile.of(name, content))

    def remove_file(self, repo_id: str, name: str) -> Repo:
        return self.store.without_file(repo_id, name)

    def remove_repo(self, repo_id: str) -> None:
        self.store.remove(repo_id)

    def lie_about(self, repo_id: str, name: str, *, size_bytes: int | None = None, sha256: str | None = None) -> None:
        """Tell another size or checksum than the bytes have, everywhere the hub tells it."""
        file = self.store.repos[repo_id].files[name]
        told = replace(file, size_bytes=size_bytes or file.size_bytes, sha256=sha256 or file.sha256)
        self.store.with_file(repo_id, told)

    def add_account(self, token: str, *, name: str = "someone", accepted: Sequence[str] = ()) -> None:
        """Make a token valid; `accepted` are gated repositories whose licence this person has accepted."""
        self.store.accounts[token] = Account(name=name, accepted=frozenset(accepted))
        self.store.version += 1

    def accept_license(self, token: str, repo_id: str) -> None:
        account = self.store.accounts[token]
        self.store.accounts[token] = replace(account, accepted=account.accepted | {repo_id})

    def add_paper(self, paper: Paper) -> None:
        self.press.papers.append(paper)

    def add_post(self, post: Post) -> None:
        self.press.posts.append(post)
