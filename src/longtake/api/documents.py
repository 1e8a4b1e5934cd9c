"""The OpenAPI document, and a page to read it on that loads nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from longtake.api import envelope, page
from longtake.api.body import JsonBody
from longtake.settings import Settings

router = APIRouter(tags=["documents"], include_in_schema=False)

_ABOUT = """\
Longtake makes short videos longer: send a clip or an image, have it extended, and get the
whole video back. This is the Midjourney-style video API; a client written for it needs
another base URL and key, and nothing else.

Send `Authorization: Bearer <key>` with every request under `/api/`. Every answer there is
`{"code", "msg", "data"}`. **The HTTP status is 200 whatever the code says**, but for 401,
429 (with `Retry-After`), 500, and 503 when the database cannot be reached (code 455).
A request is refused in this order: 401, 429, 455 or 505, then what is wrong with it, 402.

Fields that are not known are ignored; null and blank strings count as left out; whole
numbers may be sent as strings.
"""
_TAGS = {
    "video": "Extend, generate, look, cancel.",
    "clips": "Bring in what is to be extended.",
    "uploads": "Files sent ahead of a request, kept for three days.",
    "media": "The files themselves. Their URLs are secrets: no key is needed.",
    "records": "What was asked for, and what became of it.",
    "callbacks": "What is owed to the URLs that tasks were given, and what became of it.",
    "engines": "What makes the continuations, and how it reads a prompt.",
    "account": "Credits, keys and secrets.",
    "admin": "For the operator. To a key that is no admin key these do not exist.",
    "health": "For supervisors and balancers. Real HTTP statuses; no key is needed.",
}
_REF = "#/components/schemas/{model}"


def document(app: FastAPI, routers: Iterable[APIRouter], settings: Settings) -> Any:
    """The OpenAPI document of ``app``, which is made of ``routers``.

    FastAPI knows its own bodies and refusals; ours are put in their place.
    """
    found = get_openapi(
        title="Longtake",
        version=app.version,
        description=_ABOUT,
        routes=app.routes,
        servers=[{"url": settings.base_url}],
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    )
    schemas: dict[str, Any] = found["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    asked = list(_bodies(routers))
    modes = [(body.model, "validation") for _, body in asked]
    refused: Any = [(envelope.Refusal, "serialization")]
    _, more = models_json_schema([*modes, *refused], ref_template=_REF)  # type: ignore[list-item]
    schemas.update(more["$defs"])
    for route, body in asked:
        assert route.methods, "a route answers to something"
        (method,) = route.methods
        operation = found["paths"][route.path][method.lower()]
        schema = {"$ref": _REF.format(model=body.model.__name__)}
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}
    for path, operations in found["paths"].items():
        operations.pop("head", None)
        for operation in operations.values():
            _mend(path, operation)
    return found


def _bodies(routers: Iterable[APIRouter]) -> Iterator[tuple[APIRoute, JsonBody[Any]]]:
    for one in routers:
        for route in one.routes:
            if isinstance(route, APIRoute):
                for found in _within(route.dependant):
                    yield route, found


def _within(dependant: Dependant) -> Iterator[JsonBody[Any]]:
    if isinstance(dependant.call, JsonBody):
        yield dependant.call
    for one in dependant.dependencies:
        yield from _within(one)


def _mend(path: str, operation: dict[str, Any]) -> None:
    """The answers of one operation, refusals included."""
    answers = operation["responses"]
    answers.pop("422", None)
    if not path.startswith("/api/"):
        answers["400"] = {
            "description": "A host, an origin or a URL that is not answered.",
            "content": {"application/json": {"schema": _refusal()}},
        }
        return
    own = answers.pop("default", None)  # an older shape of refusals
    refusal = own["content"]["application/json"]["schema"] if own else _refusal()
    content = answers["200"].get("content", {}).get("application/json")
    if content:
        content["schema"] = {"anyOf": [content["schema"], refusal]}
        answers["200"]["description"] = "`code` 200, or a refusal with any other code."
    later = {"schema": {"type": "integer"}, "description": "Seconds."}
    for status, why in (
        ("401", "The key is missing, unknown, revoked, or not allowed to do this."),
        ("429", "Too many requests; the same may go through later."),
        ("500", "A fault of the server."),
        ("503", "The database cannot be reached (code 455)."),
    ):
        answers[status] = {
            "description": why,
            "content": {"application/json": {"schema": refusal}},
        }
        if status in {"429", "503"}:
            answers[status]["headers"] = {"Retry-After": later}


def _refusal() -> dict[str, str]:
    return {"$ref": _REF.format(model=envelope.Refusal.__name__)}


@router.get("/openapi.json")
def openapi(request: Request) -> Response:
    """The OpenAPI document."""
    found = request.app.openapi()
    return Response(envelope.to_json(found), media_type="application/json")


@router.head("/docs")
@router.get("/docs")
def docs(request: Request) -> Response:
    """The document as a page: no script, and one style sheet of our own within it."""
    style = resources.files("longtake.api").joinpath("page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    html = page.render(request.app.openapi(), style)
    return Response(
        html, media_type="text/html", headers={"Content-Security-Policy": policy}
    )
