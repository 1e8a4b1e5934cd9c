"""What the faults of a server are tried on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import engines_for_tests
from tests.conftest import Made


@pytest.fixture(scope="session")
def bad_engines(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which the engines that misbehave are installed."""
    installed = tmp_path_factory.mktemp("installed")
    engines_for_tests.install(installed)
    return engines_for_tests.python_path(installed)


@pytest.fixture
def tiny(made: Made) -> Path:
    """A clip that costs next to nothing to extend."""
    return made(size=(64, 48), n_frames=12)
