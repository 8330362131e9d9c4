"""The real Hugging Face client cannot tell the stand-in hub from the hub."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from huggingface_hub import HfApi, close_session, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile, RepoFolder

from tests.fakes.hub import HubServer
from tests.fakes.hub_papers import Paper

REPO = "acme/Tiny-GGUF"
WEIGHTS = b"GGUF" + bytes(range(256)) * 40
GGUF = {"total": 494_032_768, "architecture": "qwen2", "context_length": 32768, "chat_template": "{{ messages }}"}


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer(cdn=True) as hub:
        hub.add_repo(
            REPO,
            {"tiny-Q4_K_M.gguf": WEIGHTS, "notes/one.txt": b"one", "notes/deep/two.txt": b"two"},
            downloads=10,
            gguf=GGUF,
            base_model="acme/Tiny",
        )
        hub.add_repo("acme/Locked-GGUF", {"locked.gguf": WEIGHTS}, gated="manual", downloads=5)
        hub.add_account("hf_reader", name="reader")
        yield hub


@pytest.fixture(autouse=True)
def no_call_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's first call asks huggingface.co, whatever its `endpoint`, for a list for its user agent."""
    monkeypatch.setattr("huggingface_hub.utils._detect_agent._registry", {"standardEnvVars": [], "harnesses": {}})


@pytest.fixture
def api(server: HubServer) -> Iterator[HfApi]:
    yield HfApi(endpoint=server.url, token=False)
    close_session()


def test_it_lists_models_over_several_pages(server: HubServer, api: HfApi) -> None:
    server.set_page_rows(10)
    server.many_repos(25)
    found = list(api.list_models(filter="gguf", sort="downloads"))
    downloads = [model.downloads or 0 for model in found]
    assert len({model.id for model in found}) == 27
    assert downloads == sorted(downloads, reverse=True)
    assert len(server.requests_for("/api/models")) == 3


def test_it_lists_what_it_asked_for(api: HfApi) -> None:
    [model] = api.list_models(search="tiny", filter="gguf", limit=5, expand=["gguf", "gated", "downloads"])
    assert (model.id, model.downloads, model.gated) == (REPO, 10, False)
    assert model.gguf is not None
    assert model.gguf["context_length"] == 32768
    assert model.tags is None


def test_it_reads_sizes_and_checksums_of_files(api: HfApi) -> None:
    model = api.model_info(REPO, files_metadata=True, securityStatus=True)
    [weights] = [file for file in model.siblings or [] if file.rfilename.endswith(".gguf")]
    assert weights.size == len(WEIGHTS)
    assert weights.lfs is not None
    assert weights.lfs.sha256 == hashlib.sha256(WEIGHTS).hexdigest()
    assert model.card_data is not None
    assert model.card_data.license == "apache-2.0"
    assert model.tags is not None
    assert "base_model:quantized:acme/Tiny" in model.tags


def test_it_expands_the_gguf_facts(api: HfApi) -> None:
    model = api.model_info(REPO, expand=["gguf"])
    assert model.gguf is not None
    assert model.gguf["chat_template"] == "{{ messages }}"
    assert model.siblings is None


def test_it_walks_the_tree(api: HfApi) -> None:
    top = list(api.list_repo_tree(REPO))
    every = list(api.list_repo_tree(REPO, recursive=True, expand=True))
    assert [entry.path for entry in top if isinstance(entry, RepoFolder)] == ["notes"]
    assert {entry.path for entry in every if isinstance(entry, RepoFolder)} == {"notes", "notes/deep"}
    files = {entry.path: entry for entry in every if isinstance(entry, RepoFile)}
    assert files["notes/deep/two.txt"].size == 3
    lfs = files["tiny-Q4_K_M.gguf"].lfs
    assert lfs is not None
    assert lfs.sha256 == hashlib.sha256(WEIGHTS).hexdigest()


def test_it_asks_about_chosen_paths(api: HfApi) -> None:
    [weights] = api.get_paths_info(REPO, ["tiny-Q4_K_M.gguf", "missing.gguf"])
    assert isinstance(weights, RepoFile)
    assert weights.size == len(WEIGHTS)


def test_it_resolves_a_large_file_to_the_second_host(server: HubServer, api: HfApi) -> None:
    told = get_hf_file_metadata(hf_hub_url(REPO, "tiny-Q4_K_M.gguf", endpoint=server.url), endpoint=server.url)
    assert told.etag == hashlib.sha256(WEIGHTS).hexdigest()
    assert told.size == len(WEIGHTS)
    assert told.commit_hash == api.model_info(REPO).sha
    assert told.location.startswith(server.cdn_url)


def test_it_downloads_large_and_small_files(server: HubServer, api: HfApi, tmp_path: Path) -> None:
    large = api.hf_hub_download(REPO, "tiny-Q4_K_M.gguf", cache_dir=tmp_path)
    small = api.hf_hub_download(REPO, "notes/one.txt", cache_dir=tmp_path)
    assert Path(large).read_bytes() == WEIGHTS
    assert Path(small).read_bytes() == b"one"
    assert server.requests_for("/repos/*", side="cdn")


def test_it_leaves_its_token_at_the_hub(server: HubServer, tmp_path: Path) -> None:
    api = HfApi(endpoint=server.url, token="hf_reader")
    server.accept_license("hf_reader", "acme/Locked-GGUF")
    api.hf_hub_download("acme/Locked-GGUF", "locked.gguf", cache_dir=tmp_path)
    close_session()
    sides = {request.side: "authorization" in request.headers for request in server.requests}
    assert sides == {"hub": True, "cdn": False}


@pytest.mark.parametrize("token", [False, "hf_reader"])
def test_it_understands_a_gated_refusal(server: HubServer, tmp_path: Path, token: str | bool) -> None:
    api = HfApi(endpoint=server.url, token=token)
    with pytest.raises(GatedRepoError, match="restricted"):
        api.hf_hub_download("acme/Locked-GGUF", "locked.gguf", cache_dir=tmp_path)
    close_session()
    assert api.model_info("acme/Locked-GGUF").gated == "manual"


def test_it_understands_what_is_not_there(server: HubServer, api: HfApi, tmp_path: Path) -> None:
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("acme/Nothing")
    with pytest.raises(RevisionNotFoundError):
        api.model_info(REPO, revision="v9")
    with pytest.raises(RemoteEntryNotFoundError):
        api.hf_hub_download(REPO, "missing.gguf", cache_dir=tmp_path)
    server.remove_repo(REPO)
    with pytest.raises(RepositoryNotFoundError):
        api.model_info(REPO)


def test_it_signs_in(server: HubServer, api: HfApi) -> None:
    assert api.whoami(token="hf_reader")["name"] == "reader"
    with pytest.raises(HfHubHTTPError) as refusal:
        api.whoami(token="hf_wrong")
    assert refusal.value.response.status_code == 401


def test_it_reads_the_papers_of_a_month(server: HubServer, api: HfApi) -> None:
    published = datetime(2025, 12, 3, tzinfo=UTC)
    server.add_paper(Paper(paper_id="2512.00001", title="On water", published=published, authors=("Ada", "Bo")))
    server.add_paper(Paper(paper_id="2511.00001", title="Older", published=datetime(2025, 11, 3, tzinfo=UTC)))
    [paper] = api.list_daily_papers(month="2025-12", limit=5)
    assert (paper.id, paper.title, paper.published_at) == ("2512.00001", "On water", published)
    assert [author.name for author in paper.authors or []] == ["Ada", "Bo"]
    with pytest.raises(HfHubHTTPError):
        list(api.list_daily_papers(month="2025-13"))
