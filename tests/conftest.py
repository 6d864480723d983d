"""Data of third parties that the tests use and the repository does not hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"

SharedData = Callable[[str], Path]


@pytest.fixture(scope="session")
def shared_data() -> SharedData:
    """The folder of a data set by name, in $TOCSIN_SHARED_DATA or in ``shared/data`` beside the repository; skips where it is absent."""
    root = Path(os.environ.get("TOCSIN_SHARED_DATA") or BESIDE)

    def find(name: str) -> Path:
        folder = root / name
        if not folder.is_dir():
            pytest.skip(f"the data set {name} is not here: put it in {root}, or name its parent folder in TOCSIN_SHARED_DATA")
        return folder

    return find
