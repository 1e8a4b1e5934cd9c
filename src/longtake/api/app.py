"""The application: every router of this package, and one shape for whatever goes wrong."""

from __future__ import annotations

import pkgutil
from http import HTTPStatus
from importlib import import_module, metadata
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from longtake import api
from longtake.api import documents, envelope
from longtake.api.arrivals import Arrivals
from longtake.api.events import Streams
from longtake.api.guard import Guard
from longtake.door import Door
from longtake.errors import LongtakeError
from longtake.limits import Rates
from longtake.store import Store
from longtake.tasks import Tasks


def application(store: Store, tasks: Tasks) -> FastAPI:
    """The ASGI application over ``store`` and ``tasks``, which stay the caller's."""
    app = _Application(
        version=metadata.version("longtake"),
        openapi_url=None,  # documents.py makes it, and a page that loads no script
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: f"{route.tags[0]}-{route.name}",
    )
    app.state.store = store
    app.state.tasks = tasks
    app.state.door = Door(store.settings)
    app.state.arrivals = Arrivals(store, app.state.door)
    app.state.rates = Rates(store.settings)
    app.state.streams = Streams()
    app.state.stopping = lambda: False  # __main__ knows better
    for router in routers():
        app.include_router(router)
    app.add_exception_handler(LongtakeError, _on_purpose)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Guard, settings=store.settings)
    return app


class _Application(FastAPI):
    """FastAPI, but for the document, which says more."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            settings = self.state.store.settings
            self.openapi_schema = documents.document(self, routers(), settings)
        return self.openapi_schema


def routers() -> list[APIRouter]:
    """The ``router`` of each module here that has one, by the modules' names."""
    names = sorted(found.name for found in pkgutil.iter_modules(api.__path__))
    modules = (
        import_module(f"{api.__name__}.{name}") for name in names if name[0] != "_"
    )
    return [module.router for module in modules if hasattr(module, "router")]


async def _on_purpose(request: Request, error: Exception) -> Response:
    assert isinstance(error, LongtakeError)
    return envelope.of_error(error, path=request.url.path)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    _, text = envelope.sentence(list(error.errors()))
    return envelope.refusal(422, text, path=request.url.path)


async def _http(request: Request, error: Exception) -> Response:
    """What the framework refuses: unknown paths, wrong methods, bodies."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == HTTPStatus.NOT_FOUND:
        return envelope.refusal(404, f"There is nothing at {path}.", path=path)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        told = f"{request.method} is not what {path} answers to."
        return envelope.refusal(404, told, path=path)
    return envelope.refusal(400, str(error.detail), path=path, headers=error.headers)
