"""Which request gets which answer: the hub's addresses, who may read what, and the second host that holds the bytes."""

import hashlib
import json
import re
from collections.abc import Sequence
from urllib.parse import parse_qs, quote

from tests.fakes import hub_rows
from tests.fakes.hub_listing import TRUE, Listing
from tests.fakes.hub_papers import Press
from tests.fakes.hub_store import Account, HubFile, Repo, Store, size_of
from tests.fakes.hub_wire import Reply, Request, as_json, data, ranged

REPO = r"(?P<repo>[^/]+(?:/[^/]+)?)"
API = re.compile(rf"/api/models/{REPO}(?:/(?P<verb>revision|tree|paths-info)/(?P<rest>.+))?")
FILE = re.compile(rf"/{REPO}/(?P<verb>resolve|raw)/(?P<revision>[^/]+)/(?P<name>.+)")
CACHED = re.compile(r"/api/resolve-cache/models/(?P<repo>[^/]+/[^/]+)/(?P<revision>[0-9a-f]{40})/(?P<name>.+)")
BYTES = re.compile(r"/repos/(?P<repo>[^/]+/[^/]+)/(?P<revision>[0-9a-f]{40})/(?P<name>.+)")
RESTRICTED = "Access to model {} is restricted. You must have access to it and be authenticated to access it."
NOT_LISTED = "Access to model {0} is restricted and you are not in the authorized list. Visit {0} to ask for access."


class Routes:
    """Answers for the hub's own host (`hub`) and for the host of the bytes (`cdn`)."""

    def __init__(self, store: Store, press: Press) -> None:
        self.store = store
        self.press = press
        self.listing = Listing(store)
        self.base = ""
        # Without a second host, large files come from the hub itself.
        self.cdn_base: str | None = None
        self.link_generation = 0
        self.anonymous_missing_is_401 = False

    def hub(self, request: Request) -> Reply:
        account = self._account(request)
        if isinstance(account, Reply):
            return account
        match request.path:
            case "/api/models" | "/api/models/":
                return self.listing.answer(request, base=self.base, account=account)
            case "/api/whoami-v2":
                return _who(account)
            case "/api/daily_papers":
                return self.press.daily(request)
            case "/blog/feed.xml":
                return self.press.feed()
            case _:
                return self._below(request, account)

    def _below(self, request: Request, account: Account | None) -> Reply:
        if request.path.startswith("/papers/month/"):
            return self.press.month_page(request.path.rpartition("/")[2])
        if match := CACHED.fullmatch(request.path) or FILE.fullmatch(request.path):
            return self._file(request, match, account)
        if match := API.fullmatch(request.path):
            return self._model(request, match, account)
        return _refused(404, "", "Not found")

    def cdn(self, request: Request) -> Reply:
        """Bytes behind a signed address; a token that comes along is refused, as object stores do."""
        match = BYTES.fullmatch(request.path)
        repo = self.store.revisions.get((match["repo"], match["revision"])) if match else None
        if match is None or repo is None or match["name"] not in repo.files:
            return data(b"<Error><Code>NoSuchKey</Code></Error>", "application/xml", status=404)
        file = repo.files[match["name"]]
        if "authorization" in request.headers:
            return data(b"<Error><Code>InvalidArgument</Code></Error>", "application/xml", status=400)
        if request.last("Signature") != self._signature(file):
            return data(b"<Error><Code>AccessDenied</Code></Error>", "application/xml", status=403)
        # Object stores have entity tags of their own, unlike the hub's SHA-256.
        etag = f'"{hashlib.sha256(file.sha256.encode()).hexdigest()[:32]}"'
        return ranged(request, file.content, size_of(file.content), etag=etag, headers={})

    def _account(self, request: Request) -> Account | Reply | None:
        if "authorization" not in request.headers:
            return None
        account = self.store.accounts.get(request.token or "")
        return account or _refused(401, "", "Invalid credentials in Authorization header")

    def _visible(self, repo_id: str, account: Account | None) -> Repo | Reply:
        repo = self.store.repos.get(repo_id)
        if repo is not None and (not repo.private or (account is not None and account.name == repo.author)):
            return repo
        if account is None and self.anonymous_missing_is_401:
            return _refused(401, "", "Invalid username or password.")
        return _refused(404, "RepoNotFound", "Repository not found")

    def _model(self, request: Request, match: re.Match[str], account: Account | None) -> Reply:
        repo = self._visible(match["repo"], account)
        if isinstance(repo, Reply):
            return repo
        rest: str = match["rest"] or "main"
        name, _, folder = (rest, "", "") if match["verb"] == "revision" else rest.partition("/")
        revision = self.store.revision(repo.repo_id, name)
        if revision is None:
            return _refused(404, "RevisionNotFound", f"Invalid rev id: {name}")
        match match["verb"]:
            case "tree":
                return self._tree(request, revision, folder)
            case "paths-info":
                asked, expand = _asked_paths(request)
                return as_json(hub_rows.paths(revision, asked, expand=expand))
            case _:
                return _one(request, revision)

    def _tree(self, request: Request, repo: Repo, folder: str) -> Reply:
        recursive, expand = (request.last(name) in TRUE for name in ("recursive", "expand"))
        entries = hub_rows.tree(repo, folder, recursive=recursive, expand=expand)
        if folder and not entries:
            return _refused(404, "EntryNotFound", f"{folder} does not exist on {repo.sha}")
        start, size = int(request.last("cursor") or 0), self.listing.page_rows
        headers = {}
        if start + size < len(entries):
            flags = f"recursive={str(recursive).lower()}&expand={str(expand).lower()}"
            following = f"{self.base}{quote(request.path)}?{flags}&cursor={start + size}"
            headers = {"Link": f'<{following}>; rel="next"'}
        return as_json(entries[start : start + size], headers=headers)

    def _file(self, request: Request, match: re.Match[str], account: Account | None) -> Reply:
        repo = self._visible(match["repo"], account)
        if isinstance(repo, Reply):
            return repo
        parts = match.groupdict()
        revision = self.store.revision(repo.repo_id, parts["revision"])
        if revision is None:
            return _refused(404, "RevisionNotFound", f"Invalid rev id: {parts['revision']}")
        if repo.gated and (account is None or repo.repo_id not in account.accepted):
            sentence = RESTRICTED if account is None else NOT_LISTED
            return _refused(401 if account is None else 403, "GatedRepo", sentence.format(repo.repo_id))
        told = {"X-Repo-Commit": revision.sha}
        file = revision.files.get(parts["name"])
        if file is None:
            return _refused(404, "EntryNotFound", "Entry not found", headers=told)
        told |= {"X-Linked-Size": str(file.size_bytes), "X-Linked-ETag": file.etag}
        redirect = self._elsewhere(revision, file, verb=parts.get("verb"))
        if redirect is None:
            return ranged(request, file.content, size_of(file.content), etag=file.etag, headers=told)
        status, location = redirect
        return Reply(status=status, headers={**told, "Location": location, "Accept-Ranges": "bytes"})

    def _elsewhere(self, repo: Repo, file: HubFile, *, verb: str | None) -> tuple[int, str] | None:
        """Large files lie on the second host; small ones under an address of their commit on the same host."""
        if verb != "resolve":
            return None
        path = f"{repo.repo_id}/{repo.sha}/{quote(file.name)}"
        if not file.is_large:
            return 307, f"/api/resolve-cache/models/{path}?etag={quote(file.etag)}"
        if self.cdn_base is None:
            return None
        return 302, f"{self.cdn_base}/repos/{path}?Expires=3600&Signature={self._signature(file)}"

    def _signature(self, file: HubFile) -> str:
        return hashlib.sha256(f"{self.link_generation} {file.sha256}".encode()).hexdigest()[:40]


def _one(request: Request, repo: Repo) -> Reply:
    expand = [part for value in request.query.get("expand", []) for part in value.split(",") if part]
    if unknown := set(expand) - hub_rows.EXPANDABLE:
        return as_json({"error": f"Invalid option for expand: {sorted(unknown)[0]}"}, status=400)
    told = hub_rows.row(repo, expand or hub_rows.ONE, brief=bool(expand), blobs=request.last("blobs") in TRUE)
    if request.last("securityStatus") in TRUE:
        told["securityRepoStatus"] = {"scansDone": True, "filesWithIssues": []}
    return as_json(told, headers={"X-Repo-Commit": repo.sha})


def _who(account: Account | None) -> Reply:
    if account is None:
        return _refused(401, "", "Invalid username or password.")
    told = {"type": "user", "id": "0" * 24, "name": account.name, "fullname": account.name, "orgs": []}
    return as_json(told | {"auth": {"type": "access_token", "accessToken": {"displayName": "test", "role": "read"}}})


def _asked_paths(request: Request) -> tuple[Sequence[str], bool]:
    if "json" in request.headers.get("content-type", ""):
        told = json.loads(request.body)
        return told["paths"], bool(told.get("expand"))
    form = parse_qs(request.body.decode())
    return form.get("paths", []), form.get("expand", ["false"])[0] in TRUE


def _refused(status: int, code: str, sentence: str, *, headers: dict[str, str] | None = None) -> Reply:
    told = {"X-Error-Message": sentence, **(headers or {})}
    if code:
        told["X-Error-Code"] = code
    return as_json({"error": sentence}, status=status, headers=told)
