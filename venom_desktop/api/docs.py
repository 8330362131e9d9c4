"""GET /docs: every route on one page made from bundled files; nothing is loaded from elsewhere, no script runs."""

import html
from collections.abc import Iterator
from string import Template
from typing import Any

from venom_desktop.core.resources import resource

CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
GATEWAY_ROUTES = (
    ("post", "/v1/chat/completions", "OpenAI's chat, streaming too, answered by the active model."),
    ("post", "/v1/completions", "OpenAI's completions, answered by the active model."),
    ("post", "/v1/embeddings", "OpenAI's embeddings, where the active model gives them."),
    ("get", "/v1/models", "The active model."),
)
SOCKET = ("ws", "/api/v1/models/operations/stream", "Every change of an operation, at most ten a second for each.")


def page(schema: dict[str, Any], *, version: str) -> str:
    """`schema` is the OpenAPI description."""
    rows = [*_routes(schema), SOCKET, *GATEWAY_ROUTES]
    template = Template(resource("api", "docs.html").read_text(encoding="utf-8"))
    return template.substitute(version=html.escape(version), rows="\n".join(_row(*row) for row in rows))


def _routes(schema: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for path, verbs in schema["paths"].items():
        for verb, about in verbs.items():
            names = [parameter["name"] for parameter in about.get("parameters", ()) if parameter["in"] == "query"]
            body = about.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            fields = _fields(schema, body)
            told = about.get("description", "")
            extras = [f"Query: {', '.join(names)}." if names else "", f"Body: {', '.join(fields)}." if fields else ""]
            yield verb, path, " ".join(part for part in (told, *extras) if part)


def _fields(schema: dict[str, Any], body: dict[str, Any]) -> list[str]:
    options = [body, *body.get("anyOf", ())]
    names = [option["$ref"].rpartition("/")[2] for option in options if "$ref" in option]
    return [field for name in names for field in schema["components"]["schemas"][name].get("properties", {})]


def _row(verb: str, path: str, told: str) -> str:
    cells = (verb.upper(), path, told)
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
