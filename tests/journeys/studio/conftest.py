"""The studio's server, one for each module of journeys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import engines_for_tests
from tests.journeys.studio.desk import Desk, chromium_at
from tests.running import running


@pytest.fixture(scope="module")
def desk(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server with an engine that counts on, and a browser."""
    folder = tmp_path_factory.mktemp("installed")
    engines_for_tests.install(folder, "counting")
    path = engines_for_tests.python_path(folder)
    data = tmp_path_factory.mktemp("studio")
    with running(data, python_path=path) as server, chromium_at(chromium) as browser:
        yield Desk(server, server.caller("ann"), browser)
