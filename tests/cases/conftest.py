from __future__ import annotations

import pytest

from tocsin.cases import CASES
from tocsin.cases.virtual import VirtualCase


@pytest.fixture(scope="module", params=sorted(CASES))
def told(request: pytest.FixtureRequest) -> VirtualCase:
    """A case with its fitted virtual patient."""
    return VirtualCase.of(request.param)


@pytest.fixture
def fresh(told: VirtualCase) -> VirtualCase:
    """The same, where the values were fitted with the present model (the test of the digest fails where they were not)."""
    if told.stale:
        pytest.skip("the model has changed since the fit")
    return told
