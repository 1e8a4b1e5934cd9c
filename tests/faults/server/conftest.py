"""What the faults of a server are tried on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import engines_for_tests
from tests.conftest import Made

Install = Callable[..., str]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """``installed("slow", ...)``: a PYTHONPATH on which these engines are found."""

    def install(*names: str) -> str:
        folder = tmp_path_factory.mktemp("installed")
        engines_for_tests.install(folder, *names)
        return engines_for_tests.python_path(folder)

    return install


@pytest.fixture
def tiny(made: Made) -> Path:
    """A clip that costs next to nothing to extend."""
    return made(size=(64, 48), n_frames=12)
