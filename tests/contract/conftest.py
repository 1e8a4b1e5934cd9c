"""One application for the wire tests on each database; each test is another account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from longtake.settings import Settings
from tests.wire import Caller, Site


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The application, on both databases one after the other."""
    data = tmp_path_factory.mktemp("wire") / "data"
    if request.param == "sqlite":
        url, name = "", ""
    else:
        server = request.getfixturevalue("postgres")
        name = server.create(template=request.getfixturevalue("_empty_books"))
        url = server.url(name)
    # A traceback with pictures of every frame takes seconds.
    structlog.configure(
        processors=[
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ]
    )
    found = Site(
        Settings(data=data, database_url=url, submit_rate=10**6, read_rate=10**6)
    )
    yield found
    found.close()
    structlog.reset_defaults()
    if name:
        server.drop(name)


@pytest.fixture
def caller(site: Site) -> Caller:
    """A client with a key of a new account that has a million credits."""
    return site.caller()
